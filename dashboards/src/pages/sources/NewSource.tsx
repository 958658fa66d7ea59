import { useQuery } from "@tanstack/react-query";
import { Alert, Button, Drawer, Form, Input, Select } from "antd";
import { useState, type ReactNode } from "react";
import { ApiError, api, take, type Schemas } from "../../api/client";
import { nameOf } from "../../i18n";
import { useTexts } from "../../i18n/use";
import { HowTo } from "./HowTo";

interface Entry {
  name: string;
  enterprise_id: string;
  transport: Schemas["Source"]["transport"];
  product: string;
  parser: string;
  addresses: string;
}

const PARSERS = ["", "suricata", "zeek", "cef", "leef", "windows", "wazuh", "fortigate", "huawei_usg", "linux_auth", "generic"];

function EnterprisePicker(props: { value?: string; onChange?: (value: string) => void; id?: string }): ReactNode {
  const { language } = useTexts("operations");
  const [typed, setTyped] = useState("");
  const found = useQuery({
    queryKey: ["enterprise-picker", typed],
    queryFn: () => take(api.GET("/api/v1/enterprises", { params: { query: { q: typed, limit: 20, sort: "name" } } })),
    placeholderData: (before) => before,
  });
  return (
    <Select
      {...props}
      showSearch={{ filterOption: false, onSearch: setTyped }}
      options={(found.data?.items ?? []).map((row) => ({ value: row.id, label: nameOf(row, language) }))}
    />
  );
}

export function NewSource({ open, onClose }: { open: boolean; onClose: () => void }): ReactNode {
  const { t } = useTexts("operations");
  const { t: common } = useTexts("common");
  const [made, setMade] = useState<Schemas["SourceCreated"]>();
  const [problem, setProblem] = useState("");

  const create = async (entry: Entry): Promise<void> => {
    try {
      setMade(
        await take(
          api.POST("/api/v1/sources", {
            body: {
              name: entry.name,
              enterprise_id: entry.enterprise_id,
              transport: entry.transport,
              product: entry.product,
              parser: entry.parser,
              addresses: entry.addresses.split(/[\s,]+/).filter(Boolean),
              with_key: entry.transport === "http",
            } as Schemas["SourceCreate"],
          }),
        ),
      );
      setProblem("");
    } catch (error) {
      setProblem(error instanceof ApiError ? error.message : common("unreachable"));
    }
  };
  const close = (): void => {
    setMade(undefined);
    setProblem("");
    onClose();
  };
  return (
    <Drawer open={open} onClose={close} title={t("sources.add")} size={460} destroyOnHidden>
      {made ? (
        <>
          <Alert type="success" showIcon title={t("sources.created")} />
          <HowTo transport={made.source.transport} secret={made.key?.key} />
        </>
      ) : (
        <Form<Entry>
          layout="vertical"
          onFinish={create}
          initialValues={{ transport: "http", parser: "", product: "", addresses: "" }}
          requiredMark={false}
        >
          {problem && <Alert type="warning" showIcon title={problem} role="alert" />}
          <Form.Item name="name" label={t("sources.name")} rules={[{ required: true, message: "" }]}>
            <Input maxLength={120} />
          </Form.Item>
          <Form.Item name="enterprise_id" label={t("sources.enterprise")} rules={[{ required: true, message: "" }]}>
            <EnterprisePicker />
          </Form.Item>
          <Form.Item name="transport" label={t("sources.transport")}>
            <Select options={["http", "syslog"].map((value) => ({ value, label: value }))} />
          </Form.Item>
          <Form.Item name="product" label={t("sources.product")}>
            <Input maxLength={120} />
          </Form.Item>
          <Form.Item name="parser" label={t("sources.parser")}>
            <Select options={PARSERS.map((value) => ({ value, label: value || "auto" }))} />
          </Form.Item>
          <Form.Item name="addresses" label={t("sources.addresses")}>
            <Input placeholder="192.0.2.10" />
          </Form.Item>
          <Button type="primary" htmlType="submit">
            {t("sources.create")}
          </Button>
        </Form>
      )}
    </Drawer>
  );
}
