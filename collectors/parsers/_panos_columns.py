"""PAN-OS columns by log type, in the documented order, and where they go in ECS. An empty name is a column without use."""

from __future__ import annotations

from typing import Final

from collectors.parsers._common import Fields, integer, ip, lower, mac, port, text, transport

_HEAD: Final = "- receive_time serial type subtype - time_generated "
_FLOW: Final = (
    "src dst natsrc natdst rule srcuser dstuser app vsys from to inbound_if outbound_if logset - sessionid repeatcnt sport dport "
    "natsport natdport flags proto action "
)
_GROUPS: Final = "dg_hier_1 dg_hier_2 dg_hier_3 dg_hier_4 vsys_name device_name "
_DEVICES: Final = "category profile model vendor osfamily osversion host mac"


def _columns(text_: str) -> tuple[str, ...]:
    return tuple("" if name == "-" else name for name in text_.split())


_TRAFFIC: Final = _columns(
    _HEAD + _FLOW + "bytes bytes_sent bytes_received packets start elapsed category - seqno actionflags srcloc dstloc - pkts_sent "
    "pkts_received session_end_reason " + _GROUPS + "action_source src_uuid dst_uuid tunnelid monitortag parent_session_id "
    "parent_start_time tunnel assoc_id chunks chunks_sent chunks_received rule_uuid http2_connection link_change_count policy_id "
    "link_switches sdwan_cluster sdwan_device_type sdwan_cluster_type sdwan_site dynusergroup_name xff_ip "
    + " ".join(f"src_{name}" for name in _DEVICES.split()) + " " + " ".join(f"dst_{name}" for name in _DEVICES.split())
    + " container_id pod_namespace pod_name src_edl dst_edl hostid endpoint_serial src_dag dst_dag session_owner "
    "high_res_timestamp "
    "nssai_sst nssai_sd subcategory_of_app category_of_app technology_of_app risk_of_app characteristic_of_app container_of_app "
    "tunneled_app is_saas_of_app sanctioned_state_of_app offloaded"
)  # fmt: skip
_THREAT: Final = _columns(
    _HEAD + _FLOW + "misc threatid category severity direction seqno actionflags srcloc dstloc - contenttype "
    "pcap_id filedigest cloud "
    "url_idx user_agent filetype xff referer sender subject recipient reportid " + _GROUPS + "- src_uuid dst_uuid http_method "
    "tunnelid monitortag parent_session_id parent_start_time tunnel thr_category contentver - assoc_id ppid http_headers "
    "url_category_list rule_uuid http2_connection dynusergroup_name xff_ip "
    + " ".join(f"src_{name}" for name in _DEVICES.split()) + " " + " ".join(f"dst_{name}" for name in _DEVICES.split())
    + " container_id pod_namespace pod_name src_edl dst_edl hostid endpoint_serial domain_edl src_dag dst_dag partial_hash "
    "high_res_timestamp reason justification nssai_sst subcategory_of_app category_of_app technology_of_app risk_of_app "
    "characteristic_of_app container_of_app tunneled_app is_saas_of_app sanctioned_state_of_app"
)  # fmt: skip

COLUMNS: Final = {
    "": _columns(_HEAD),
    "TRAFFIC": _TRAFFIC,
    "THREAT": _THREAT,
    "SCTP": _columns(_HEAD + _FLOW.replace("app vsys", "- vsys")),
    "GTP": _columns(_HEAD + _FLOW),
    "TUNNEL": _columns(_HEAD + _FLOW),
    "SYSTEM": _columns(_HEAD + "vsys eventid object - - module severity opaque seqno actionflags " + _GROUPS),
    "CONFIG": _columns(_HEAD + "host vsys cmd admin client result path"),
    "USERID": _columns(
        _HEAD + "vsys ip user datasourcename eventid repeatcnt timeout beginport endport datasource datasourcetype seqno "
        "actionflags " + _GROUPS + "vsys_id factortype factorcompletiontime factorno ugflags userbysource"
    ),
    "HIPMATCH": _columns(
        _HEAD + "srcuser vsys machinename os ip matchname repeatcnt matchtype - - seqno actionflags " + _GROUPS
        + "vsys_id srcipv6 hostid endpoint_serial mac"
    ),
    "GLOBALPROTECT": _columns(
        _HEAD + "vsys eventid stage auth_method tunnel_type srcuser srcregion machinename public_ip public_ipv6 private_ip "
        "private_ipv6 hostid endpoint_serial client_ver client_os client_os_ver repeatcnt reason error opaque status location "
        "login_duration connect_method error_code portal seqno actionflags high_res_timestamp selection_type response_time "
        "priority attempted_gateways gateway " + _GROUPS + "vsys_id"
    ),
    "AUTHENTICATION": _columns(
        _HEAD + "vsys ip user normalize_user object authpolicy repeatcnt authid vendor logset serverprofile desc clienttype event "
        "factorno seqno actionflags " + _GROUPS + "vsys_id authproto rule_uuid high_res_timestamp src_category src_profile "
        "src_model src_vendor src_osfamily src_osversion src_host src_mac region - user_agent session_id"
    ),
    "DECRYPTION": _columns(
        _HEAD + _FLOW + "tunnel - - src_uuid dst_uuid rule_uuid hs_stage_c2f hs_stage_f2s tls_version tls_keyxchg tls_enc tls_auth "
        "policy_name ec_curve err_index root_status chain_status proxy_type cert_serial fingerprint notbefore notafter cert_ver "
        "cert_size cn_len issuer_len rootcn_len sni_len cert_flags cn issuer_cn root_cn sni error"
    ),
    "CORRELATION": _columns(
        _HEAD + "src srcuser vsys category severity " + _GROUPS + "vsys_id object_name object_id evidence"
    ),
    "IPTAG": _columns(
        _HEAD + "vsys ip tag_name eventid repeatcnt timeout datasourcename datasource_type datasource_subtype seqno actionflags "
        + _GROUPS + "vsys_id"
    ),
}  # fmt: skip
COLUMNS["HIP-MATCH"], COLUMNS["IP-TAG"], COLUMNS["AUTH"] = (
    COLUMNS["HIPMATCH"],
    COLUMNS["IPTAG"],
    COLUMNS["AUTHENTICATION"],
)

FIELDS: Final[Fields] = {
    "src": ("source.ip", ip),
    "dst": ("destination.ip", ip),
    "ip": ("source.ip", ip),
    "host": ("source.ip", ip),
    "public_ip": ("source.ip", ip),
    "natsrc": ("source.nat.ip", ip),
    "natdst": ("destination.nat.ip", ip),
    "sport": ("source.port", port),
    "dport": ("destination.port", port),
    "natsport": ("source.nat.port", port),
    "natdport": ("destination.nat.port", port),
    "proto": ("network.transport", transport),
    "app": ("network.application", lower),
    "from": ("observer.ingress.zone", text),
    "to": ("observer.egress.zone", text),
    "inbound_if": ("observer.ingress.interface.name", text),
    "outbound_if": ("observer.egress.interface.name", text),
    "bytes": ("network.bytes", integer),
    "bytes_sent": ("source.bytes", integer),
    "bytes_received": ("destination.bytes", integer),
    "packets": ("network.packets", integer),
    "pkts_sent": ("source.packets", integer),
    "pkts_received": ("destination.packets", integer),
    "device_name": ("observer.name", text),
    "user_agent": ("user_agent.original", text),
    "referer": ("http.request.referrer", text),
    "http_method": ("http.request.method", text),
    "contenttype": ("http.response.mime_type", text),
    "filetype": ("file.type", text),
    "subject": ("email.subject", text),
    "machinename": ("host.hostname", text),
    "client_os": ("host.os.name", text),
    "client_os_ver": ("host.os.version", text),
    "os": ("host.os.name", text),
    "src_mac": ("source.mac", mac),
    "dst_mac": ("destination.mac", mac),
    "tls_version": ("tls.version", text),
    "sni": ("tls.client.server_name", text),
    "seqno": ("event.sequence", integer),
}
SEVERITIES: Final = {"critical": 90, "high": 75, "medium": 50, "low": 30, "informational": 10}
THREATS: Final = {
    "vulnerability": ("exploit_detected", "intrusion_detection", False),
    "spyware": ("spyware_detected", "malware", False),
    "virus": ("virus_detected", "malware", False),
    "ml-virus": ("virus_detected", "malware", False),
    "wildfire": ("wildfire_verdict", "malware", False),
    "wildfire-virus": ("wildfire_verdict", "malware", False),
    "url": ("url_filtering", "web", True),
    "file": ("file_match", "file", True),
    "data": ("data_match", "file", False),
    "dlp": ("data_match", "file", False),
    "flood": ("flood_detected", "intrusion_detection", False),
    "scan": ("scan_detected", "intrusion_detection", False),
    "packet": ("packet_attack", "intrusion_detection", False),
    "dns-security": ("dns_verdict", "malware", False),
}
"""Subtype of THREAT → (action, category, whether it is a record of what passed rather than a verdict)."""
