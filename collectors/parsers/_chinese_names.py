"""The words of Chinese products: keys → ECS fields, and how a record names its kind. One row per field; add an alias to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from collectors.parsers._common import integer, ip, lower, mac, port, text, transport

_OUTCOMES: Final = {
    "success": "success", "succeed": "success", "successful": "success", "成功": "success", "ok": "success",
    "failure": "failure", "failed": "failure", "fail": "failure", "失败": "failure", "error": "failure",
}  # fmt: skip


def _outcome(value: Any) -> str | None:
    word = str(value).strip().lower()
    return _OUTCOMES.get(word) or ("success" if "成功" in word else "failure" if "失败" in word else None)


def _digest(length: int) -> Callable[[Any], str | None]:
    def convert(value: Any) -> str | None:
        found = lower(value)
        return found if found and len(found) == length and all(char in "0123456789abcdef" for char in found) else None

    return convert


def _ips(value: Any) -> list[str] | None:
    found = [one for one in map(ip, str(value).replace(";", ",").split(",")) if one]
    return found or None


def _macs(value: Any) -> list[str] | None:
    found = [one for one in map(mac, str(value).replace(";", ",").split(",")) if one]
    return found or None


CHINESE: Final[dict[str, tuple[Callable[[Any], Any], str]]] = {
    "source.ip": (ip, """源IP 源ip 源地址 源IP地址 源ip地址 攻击源 攻击源IP 攻击IP 攻击者 攻击者IP 来源IP
    来源地址 来源 客户端IP 客户端地址
        登录IP 登录地址 主机IP 访问IP 攻击源地址 发起IP 操作IP 操作地址 用户IP 源主机"""),
    "source.port": (port, "源端口 来源端口 客户端端口 攻击源端口"),
    "destination.ip": (ip, """目的IP 目的ip 目的地址 目标IP 目标地址 目的IP地址 目标IP地址 受害IP 受害者 受害者IP 被攻击IP
        服务器IP 服务端IP 服务器地址 被攻击者IP 目的主机 资产IP"""),
    "destination.port": (port, "目的端口 目标端口 服务端口 服务器端口 受害端口"),
    "source.mac": (mac, "源MAC 源mac 源MAC地址 源Mac地址"),
    "destination.mac": (mac, "目的MAC 目的mac 目的MAC地址 目标MAC"),
    "source.bytes": (integer, "发送字节 发送字节数 上行流量 发送流量"),
    "destination.bytes": (integer, "接收字节 接收字节数 下行流量 接收流量"),
    "source.nat.ip": (ip, "转换后的IP 转换后IP 转换后源IP 转换后源地址 NAT源地址"),
    "source.nat.port": (port, "转换后的端口 转换后端口 转换后源端口"),
    "destination.nat.ip": (ip, "转换后目的IP 转换后目的地址"),
    "destination.nat.port": (port, "转换后目的端口"),
    "network.transport": (transport, "协议 传输协议 协议类型 传输层协议"),
    "network.protocol": (lower, "应用协议 应用层协议 应用类型协议"),
    "network.application": (lower, "应用名称 应用程序 应用"),
    "user.name": (text, "用户 用户名 用户名称 账号 帐号 账户 登录用户 登录账号 操作用户 操作员 操作人 管理员 用户账号 登录名"),
    "host.name": (text, "主机名 主机名称 计算机名 计算机名称 终端名称 终端名 机器名 资产名称"),
    "observer.name": (text, "设备名称 设备名 引擎名称 探针名称"),
    "observer.ip": (_ips, "设备IP 设备地址 探针IP"),
    "event.action": (text,
    "动作 系统动作 处置动作 处理动作 操作 操作类型 防护动作 响应动作 处理方式 处理结果 阻断状态 拦截状态 执行动作"),
    "event.outcome": (_outcome, "结果 操作结果 登录结果 攻击结果 执行结果 认证结果"),
    "event.reason": (text, "原因 失败原因"),
    "rule.name": (text, """规则名称 事件名称 攻击名称 告警名称 漏洞名称 威胁名称 病毒名称 病毒名 特征名称
    策略名称 规则名 事件名 告警标题
        恶意软件名称 签名名称 木马名称"""),
    "rule.id": (text, "规则ID 规则编号 特征ID 事件ID 漏洞ID 策略ID 规则id"),
    "rule.category": (text, "攻击类型 事件类型 威胁类型 告警类型 攻击类别 事件分类 病毒类型 威胁类别 规则类型 漏洞类型"),
    "message": (text, "描述 详情 详细信息 内容 日志内容 描述信息 事件描述 操作内容 备注 告警描述 日志描述 详细描述 攻击描述"),
    "process.name": (text, "进程 进程名 进程名称"),
    "process.executable": (text, "进程路径 程序路径"),
    "process.command_line": (text, "命令 命令行 执行命令 操作命令"),
    "file.path": (text, "文件路径 路径 病毒路径 感染文件"),
    "file.name": (text, "文件名 文件名称 附件名称"),
    "file.size": (integer, "文件大小"),
    "file.hash.md5": (_digest(32), "MD5 文件MD5 MD5值 文件md5"),
    "file.hash.sha256": (_digest(64), "SHA256 文件SHA256"),
    "url.original": (text, "URL URL地址 网址 请求URL 访问URL URI 请求地址 url地址"),
    "url.domain": (text, "域名 主机域名 访问域名 网站域名"),
    "http.request.method": (text, "请求方法 请求方式 HTTP方法"),
    "http.response.status_code": (integer, "响应码 状态码 返回码 响应状态码"),
    "user_agent.original": (text, "用户代理"),
}  # fmt: skip
"""Keys in Chinese. They are used for any product, known or not."""

_LATIN: Final[dict[str, tuple[Callable[[Any], Any], str]]] = {
    "source.ip": (ip, """SRC SrcIP sa saddr srcaddr i_srcip uip sip src srcIPv4 SrcIPAddr addr_src source_ip
    remoteIP attackerIP AttackerIP
        src_ip attacker attack_ip source_address srcIp sourceIP hst_ip host_ip operate_ip personUip from att_src r_sip_s from_ip
        attacker_ip source_address_ip source-ip attack_sip machine.ip threat.src_ip net.src_ip SrcIPv6Addr access_ip"""),
    "source.port": (port, """SPT SPort sport i_srcport src_port srcport SrcPort port_src source_port srcPort r_sport sp net.src_port
        attacker_port"""),
    "destination.ip": (ip, """DST DstIP da daddr destaddr i_dstip dip dst dstIPv4 DstIPAddr addr_dst
    destination_ip dst_ip victim victim_ip dest_ip
        destination_address dstIp targetIP destIp resIp dst_addr r_dip_s server DstIPv6Addr net.dest_ip
        server_ip_addr target_ip"""),
    "destination.port": (port, """DPT DPort dport i_dstport dst_port dstport DstPort port_dst destination_port dstPort destPort
        r_dport dp dest_port net.dest_port destport victim_port"""),
    "source.mac": (mac, "SMAC smac src_mac s_srcmac SrcMacAddr srcmac umac"),
    "destination.mac": (mac, "DMAC dmac dst_mac s_dstmac DstMacAddr dstmac"),
    "source.nat.ip": (ip, "trans_sip nataddr_src NATSrcIPAddr trans_src"),
    "source.nat.port": (port, "trans_sport natport_src NATSrcPort"),
    "destination.nat.ip": (ip, "trans_dip nataddr_dst NATDstIPAddr"),
    "destination.nat.port": (port, "trans_dport natport_dst NATDstPort"),
    "source.bytes": (integer, "sent send_byte send_bytes sendbyte Byte_sent up bytes_sent sentbyte InitByteCount bytes_out"),
    "destination.bytes": (integer, "rcvd rcv_byte rcv_bytes Byte_recve down recv_bytes rcvdbyte RplyByteCount bytes_in"),
    "source.packets": (integer, "send_pkt sent_pkt InitPktCount"),
    "destination.packets": (integer, "rcv_pkt rcvd_pkt RplyPktCount"),
    "network.transport": (transport,
    "PROTO Protocol proto protocol protoid Protocol_name r_protocol_name l4_proto trans_proto ip_proto"),
    "network.protocol": (lower, "AP app_proto s_protocol protoname ProtocolType app_protocol service resProtocol"),
    "network.application": (lower, "app appname app_name Application APP application"),
    "user.name": (text, """USER Username user user_name username usr_name userName User admin identity personUid loginname
        operator_name operator login_user usr user_src uname acc_name auth_user login_name"""),
    "destination.user.name": (text, "account acc db_usr"),
    "host.name": (text,
    "hostname host_name computer_name computer vmname machine_name dvchost machine.hostname dev_host_name computername"),
    "host.ip": (_ips, "ip IP client_ip hostip agent_ip local_ip iplist IP地址 终端IP 本机IP"),
    "host.mac": (_macs, "mac MAC client_mac MAC地址"),
    "observer.name": (text, "dev dev_name fw FW dname devname devicename DEVNAME"),
    "observer.ip": (_ips, "dev_ip devip dvc sensor_ip device_ip"),
    "observer.serial_number": (text, "serial serial_num SerialNum DEVID device_id"),
    "observer.version": (text, "version ver"),
    "event.action": (text, """action op ACTION act Action operate policy handle_action net_action virus_deal opsDesc behavior
        action_name r_action_name"""),
    "event.outcome": (_outcome, "result RESULT result_desc state status"),
    "event.reason": (text, "reason result_code"),
    "rule.name": (text, """rule_name rulename RVal EventName event_name threat_name ThreatName vuln_name
    attack_name attackname ips_name
        virus_name virusname VirusName signature_name VulnName malware_name ips_rule detail_virus_name threat.name alarm_name
        attack_brief alert_name AttackName policyname policy_name threat_file eventname"""),
    "rule.id": (text, """rule_id RuleID ruleid sid rid EventID event_id TVID policyid policy_id detail_RuleID
    rule AttackID SigID r_ruleid
        threat.id"""),
    "rule.category": (text, """attack_type AttackType virus_type threat_type SecurityType attacktype event_type vuln_type category
        VulnType r_type_name alarm_type kill_chain detail_virus_type threat.type Type sub_type"""),
    "message": (text, """msg MSG DESC description desc content reason detail detail_info attack_desc objectinfo
        info log_message Content"""),
    "process.command_line": (text, "command detail_cmdline cmd cmdline Command operate_command cmd_line"),
    "process.executable": (text, "process_path detail_proc_path proc_path subject_process"),
    "process.name": (text, "process_name proc_name"),
    "file.path": (text, "file_path virus_path detail_file_path filepath threat_path"),
    "file.name": (text, "filename file_name fn FileName sample_name"),
    "file.size": (integer, "file_size filesize size FileSize"),
    "file.hash.md5": (_digest(32), "md5 file_md5 virus_md5 detail_md5 FileMD5 sample_md5"),
    "file.hash.sha1": (_digest(40), "sha1 file_sha1"),
    "file.hash.sha256": (_digest(64), "sha256 file_sha256"),
    "url.original": (text, "url URL uri request_url r_url url_path s_url threat_url"),
    "url.domain": (text, "url_domain Host domain query_domain http_host s_host"),
    "http.request.method": (text, "method http_method req_method s_method"),
    "http.response.status_code": (integer, "response_code rsp_status status_code rsp_code"),
    "http.request.referrer": (text, "referer Referer"),
    "user_agent.original": (text, "agent useragent user_agent UserAgent"),
}  # fmt: skip

KEYS: Final[dict[str, tuple[str, Callable[[Any], Any]]]] = {
    name: (field, convert)
    for table in (CHINESE, _LATIN)
    for field, (convert, words) in table.items()
    for name in words.split()
}
"""Keys as Chinese products write them, in the case they write them; `_pairs.fill` then tries the usual names."""

SEVERITY_KEYS: Final = (
    "severity", "Severity", "level", "LEVEL", "Level", "event_level", "EventLevel", "severity_level", "risk_level",
    "threat_level", "r_severity_name", "loglevel", "PRI", "pri", "hazard_level", "threat.level", "alarm_level", "RiskLevel",
    "严重级别", "严重等级", "危险级别", "威胁等级", "风险等级", "级别", "等级", "告警级别", "日志级别", "危害等级", "威胁级别",
    "事件级别", "风险级别", "告警等级", "事件等级",
)  # fmt: skip
TIME_KEYS: Final = (
        "time", "TIME", "Time", "GenTime", "date", "log_time", "log time", "logtime", "create_time", "ctime", "record_time",
        "found_time", "event_time", "start_time", "startTime", "begin_time", "beginTime", "timestamp", "Timestamp",
        "occur_time", "write_date", "access_time", "r_time_s", "report_time", "time_begin", "BeginTime_c", "i_logtime",
        "happen_time", "first_time", "rt", "@timestamp", "alarm_time", "attack_time", "gentime", "update_time",
        "时间", "发生时间", "告警时间", "攻击时间", "日志时间", "产生时间", "登录时间", "操作时间", "检测时间", "开始时间",
        "发现时间", "记录时间", "事件时间", "访问时间",
)  # fmt: skip
"""In order: the first that can be read is the event's time."""

WORDS: Final = (
    ("logout", ("logout", "log out", "注销", "登出", "退出登录", "退出系统", "下线")),
    ("login", ("login", "登录", "登陆", "用户认证", "sslvpn_auth", "user_auth", "authentication", "auth_", "log_cm_auth", "上线")),
    ("detection", (
        "attack", "threat", "intrusion", "virus", "malware", "streamav", "avse", "webshell", "waf", "ips", "ids", "flood", "apt",
        "exploit", "trojan", "botnet", "alert_collect", "vulns", "anti", "nofile", "ioc", "ioa", "honeypot", "blacklist_hit",
        "scan_atk", "brute", "spam", "risk_", "backdoor", "bypass_av", "ransom", "mining",
        "攻击", "入侵", "威胁", "病毒", "木马", "恶意", "爆破", "告警", "违规", "漏洞", "异常", "越权", "蠕虫", "挖矿", "查杀",
        "勒索", "失陷", "敏感", "非法", "泄漏", "泄露", "注入", "黑名单", "可疑",
    )),
    ("command", ("cmd", "command", "命令")),
    ("change", (
        "config", "mgmt", "operate", "operation", "admin", "update", "upgrade", "license", "配置", "修改", "添加", "删除", "操作",
        "管理", "升级", "设置", "新增", "备份",
    )),
    ("web", ("url", "http", "web_access", "网站", "上网", "网页", "proxy")),
    ("flow", (
        "session", "nat", "traffic", "flow", "policy", "filter", "connection", "access", "conn", "acl", "pf", "ac",
        "会话", "流量", "访问", "包过滤", "策略", "连接", "应用控制", "服务控制",
    )),
)  # fmt: skip
"""What a record calls itself → its kind; the first row with a hit decides."""
