"""Messages of an MQTT 5 broker, at least once: acknowledged when durable, kept by the broker while we are away.

Gateways and edge devices publish alerts; we subscribe with QoS 1 under a lasting session. What was published and not yet
acknowledged when we died comes again and counts again: MQTT names no message in a way that outlives its acknowledgement.

Source: OASIS MQTT 5.0, 3.3.4 (receive maximum), 4.1 (session state), 4.4 (delivery retry).
"""

from __future__ import annotations

import ssl
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from collectors.transports.documents import record_of_text
from collectors.transports.intake import Intake
from collectors.transports.pull import Puller, Stopped
from taishi.settings import MqttInputSettings

LASTING: Final = 0xFFFFFFFF
"""Session expiry interval: never."""

RECEIVE_MAXIMUM: Final = 500
"""Messages that the broker may have under way to us at once: what we hold in memory."""

LOOP_SECONDS: Final = 0.5
KEEPALIVE_SECONDS: Final = 30


class Away(Exception):
    """The broker refused us, or is not there."""


class MqttTopics(Puller):
    name = "mqtt"
    failures = (OSError, Away, ValueError)

    def __init__(self, intake: Intake, section: MqttInputSettings) -> None:
        super().__init__(intake, section.source)
        self._section = section

    def fetch(self) -> None:
        got: list[paho.MQTTMessage] = []
        client = self._client(got)
        try:
            while not self.stopping.is_set():
                state = client.loop(LOOP_SECONDS)
                if state != MQTTErrorCode.MQTT_ERR_SUCCESS:
                    raise Away(paho.error_string(state))
                if got:
                    self._deliver(client, got)
        finally:
            client.disconnect()
            client.loop(0.05)
        raise Stopped

    def _deliver(self, client: paho.Client, got: list[paho.MQTTMessage]) -> None:
        some, got[:] = got[:], []
        frames = [record_of_text(bytes(message.payload)) for message in some if message.payload]
        if frames:
            self.deliver(frames)
        for message in some:
            if message.qos:
                client.ack(message.mid, message.qos)

    def _client(self, got: list[paho.MQTTMessage]) -> paho.Client:
        section = self._section
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            section.client_id,
            protocol=paho.MQTTv5,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        if section.username:
            client.username_pw_set(section.username, section.password.get_secret_value())
        if section.tls:
            client.tls_set_context(self._tls())
        refusals: list[str] = []

        def connected(_client: Any, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
            if code.is_failure:
                refusals.append(str(code))
            else:
                client.subscribe([(topic, SubscribeOptions(qos=1)) for topic in section.topics])

        client.on_connect = connected
        client.on_message = lambda _client, _data, message: got.append(message)
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # the client is half typed
        properties.SessionExpiryInterval = LASTING
        properties.ReceiveMaximum = RECEIVE_MAXIMUM
        client.connect(section.host, section.port, KEEPALIVE_SECONDS, clean_start=False, properties=properties)
        client.loop(LOOP_SECONDS)
        if refusals:
            raise Away(f"the broker refuses the connection: {refusals[0]}")
        return client

    def _tls(self) -> ssl.SSLContext:
        section = self._section
        context = ssl.create_default_context(cafile=str(section.ca) if section.ca else None)
        if section.certificate and section.private_key:
            context.load_cert_chain(section.certificate, section.private_key)
        return context
