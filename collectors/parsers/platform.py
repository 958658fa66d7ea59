"""Industrial internet platforms: what tenants, their programs and their devices did, as JSON or pairs of any maker.

A record names a tenant and an operation. Operations are named in one vocabulary, which the rules read (`grant_role`,
`api_call`, `device_command`, `property_set`, `publish_app`, `disable_audit`, `cross_tenant_access` …). Where the tenant
acted for is
not the tenant acting, it is `cross_tenant_access`. The rest stays under `platform.*`.

Reference: the keys that makers of such platforms use; there is no standard form
"""

from __future__ import annotations

from typing import Any, Final

from collectors.parser import Framed, Parser, Received
from collectors.parsers import _device
from collectors.parsers._common import Fields, integer, ip, port, text, texts
from collectors.parsers._endpoint import file
from collectors.parsers._ids import alert
from collectors.parsers._keyed import LEVELS, Words, action, fill, first, keyed
from taishi.errors import ParseError
from taishi.event import Event

NAME: Final = "platform"
WORDS: Final[Words] = (
    ("cross_tenant_access", ("cross_tenant", "跨租户", "租户越权")),
    ("tenant_isolation_violation", ("isolation", "隔离")),
    ("disable_audit", ("disable_audit", "audit_off", "stop_audit", "关闭审计", "停用审计")),
    ("stop_logging", ("stop_log", "disable_log", "停止日志", "关闭日志")),
    ("delete_log", ("delete_log", "clear_log", "purge_log", "删除日志", "清空日志")),
    ("update_audit_policy", ("audit_policy", "审计策略")),
    ("grant_role", ("grant", "role_add", "授权", "赋权", "授予角色")),
    ("assign_role", ("assign_role", "bind_role", "分配角色", "角色变更")),
    ("add_admin", ("add_admin", "create_admin", "新增管理员", "添加管理员")),
    ("revoke_role", ("revoke", "撤销")),
    ("property_set", ("property_set", "set_property", "write_property", "属性设置", "参数下发", "设置属性")),
    ("remote_write", ("remote_write", "write_point", "write_register", "远程写", "写点")),
    ("device_command", ("command", "invoke_service", "device_control", "指令下发", "设备控制", "下发指令", "反控")),
    ("device_register", ("device_register", "register_device", "设备注册", "设备接入")),
    ("device_offline", ("offline", "设备离线")),
    ("device_online", ("online", "device_connect", "设备上线")),
    ("publish_model", ("publish_model", "upload_model", "模型发布", "发布模型", "上传模型")),
    ("publish_app", ("publish_app", "deploy_app", "upload_app", "应用发布", "发布应用", "app_publish")),
    ("upload_image", ("upload_image", "push_image", "上传镜像")),
    ("api_key_create", ("api_key", "access_key", "create_key", "创建密钥")),
    ("api_call", ("api", "接口调用")),
    ("data_export", ("export", "download", "导出", "下载")),
    ("logout", ("logout", "退出", "注销登录")),
    ("login", ("login", "sign_in", "登录")),
)
_TENANTS: Final = ("tenantId", "tenant_id", "tenant", "tenantName", "租户", "租户ID", "租户名称")
_OTHERS: Final = ("targetTenantId", "target_tenant_id", "targetTenant", "target_tenant", "目标租户")
_VERBS: Final = (
    "action", "operation", "opType", "operType", "operationType", "eventType", "event_type", "eventName", "操作", "操作类型",
    "事件类型",
)  # fmt: skip
FIELDS: Final[Fields] = {
    "clientIp": ("source.ip", ip), "client_ip": ("source.ip", ip), "sourceIp": ("source.ip", ip), "srcIp": ("source.ip", ip),
    "src_ip": ("source.ip", ip), "remoteIp": ("source.ip", ip), "ip": ("source.ip", ip), "客户端IP": ("source.ip", ip),
    "源IP": ("source.ip", ip), "来源IP": ("source.ip", ip), "clientPort": ("source.port", port),
    "serverIp": ("destination.ip", ip),
    "server_ip": ("destination.ip", ip), "dstIp": ("destination.ip", ip), "user": ("user.name", text),
    "userName": ("user.name", text), "username": ("user.name", text), "operator": ("user.name", text),
    "account": ("user.name", text),
    "用户": ("user.name", text), "操作人": ("user.name", text), "账号": ("user.name", text), "userId": ("user.id", text),
    "user_id": ("user.id", text), "targetUser": ("user.target.name", text), "target_user": ("user.target.name", text),
    "目标用户": ("user.target.name", text), "role": ("user.target.roles", texts), "roles": ("user.target.roles", texts),
    "targetRole": ("user.target.roles", texts), "角色": ("user.target.roles", texts), "deviceId": ("platform.device_id", text),
    "device_id": ("platform.device_id", text), "deviceName": ("host.name", text), "设备": ("host.name", text),
    "设备名称": ("host.name", text),
    "设备ID": ("platform.device_id", text), "url": ("url.original", text), "uri": ("url.path", text), "path": ("url.path", text),
    "apiPath": ("url.path", text), "接口": ("url.path", text), "method": ("http.request.method", text),
    "httpStatus": ("http.response.status_code", integer), "statusCode": ("http.response.status_code", integer),
    "userAgent": ("user_agent.original", text), "user_agent": ("user_agent.original", text), "message": ("message", text),
    "description": ("message", text), "detail": ("message", text), "描述": ("message", text), "reason": ("event.reason", text),
    "platform": ("observer.product", text), "平台": ("observer.product", text), "requestId": ("http.request.id", text),
}  # fmt: skip
_CATEGORIES: Final = {
    "login": ("authentication", "start"), "logout": ("authentication", "end"), "grant_role": ("iam", "change"),
    "assign_role": ("iam", "change"), "revoke_role": ("iam", "change"), "add_admin": ("iam", "creation"),
    "api_key_create": ("iam", "creation"), "api_call": ("web", "access"), "data_export": ("file", "access"),
    "publish_app": ("package", "installation"), "publish_model": ("package", "installation"), "upload_image": ("package",
    "change"),
    "disable_audit": ("configuration", "change"), "stop_logging": ("configuration", "change"), "delete_log": ("file", "deletion"),
    "update_audit_policy": ("configuration", "change"), "device_command": ("host", "change"), "remote_write": ("host", "change"),
    "property_set": ("host", "change"),
}  # fmt: skip
_VIOLATIONS: Final = frozenset({"cross_tenant_access", "tenant_isolation_violation"})


def parse(framed: Framed, received: Received) -> list[Event]:
    event, values = keyed(framed, received, NAME)
    tenant, said = text(first(values, _TENANTS)), first(values, _VERBS)
    if tenant is None or said is None:
        raise ParseError("a platform's record has a tenant and an operation", NAME)
    event["organization.id"] = tenant[:256]
    event["event.action"] = action(WORDS, said)
    other = text(first(values, _OTHERS))
    if other is not None and other != tenant:
        event["platform.target_tenant"], event["platform.operation"] = other[:256], event["event.action"]
        event["event.action"] = "cross_tenant_access"
    fill(event, values, FIELDS, "platform.", received)
    name = text(first(values, ("fileName", "file_name", "filename", "packageName", "package", "文件名", "文件")))
    if name is not None:
        file(event, name)
    _describe(event, values)
    return _device.finish(event, received)


def _describe(event: Event, values: dict[str, Any]) -> None:
    event["observer.type"] = "industrial-platform"
    what = event["event.action"]
    status = event.get("http.response.status_code")
    if "event.outcome" not in event and type(status) is int:
        event["event.outcome"] = "success" if status < 400 else "failure"
    event.setdefault("event.severity", 10)
    if what in _VIOLATIONS:
        event["event.severity"] = max(event["event.severity"], 70)
        event["rule.name"], event["rule.category"] = str(first(values, _VERBS))[:256], "tenant"
        blocked = event.get("event.outcome") == "failure" if "event.outcome" in event else None
        event.setdefault("user.name", event["organization.id"])
        alert(event, blocked=blocked, category="intrusion_detection")
        if "source.ip" not in event:
            event["taishi.attacker.user"] = event["user.name"]
        return
    event["event.category"], event["event.type"] = ([one] for one in _CATEGORIES.get(what, ("configuration", "info")))
    if first(values, LEVELS) is None and what in {"disable_audit", "stop_logging", "delete_log"}:
        event["event.severity"] = 60


def sniff(framed: Framed) -> float:
    source = framed.text[:4096]
    forms = ('"{}"', "{}=", "{}:", "{}：")
    if not any(form.format(key) in source for key in _TENANTS for form in forms):
        return 0.0
    ours = any(word in source.lower() for word in _SIGNS)  # other services have tenants too
    return 0.86 if ours and any(form.format(key) in source for key in _VERBS for form in forms) else 0.0


_SIGNS: Final = (
    "iiot",
    "platform",
    "平台",
    "租户",
    "device",
    "cross_tenant",
    "publish_app",
    "publish_model",
    "industr",
    "工业",
)
PARSER = Parser(
    name=NAME,
    product="Industrial internet platforms 工业互联网平台 (tenants, interfaces, devices)",
    data_kind="platform",
    reference="https://www.aii-alliance.org/",
    parse=parse,
    sniff=sniff,
    markers=_TENANTS,
)
