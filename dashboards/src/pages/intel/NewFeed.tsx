import { Alert, Button, Drawer, Form, Input, InputNumber, Select } from "antd";
import { useState, type ReactNode } from "react";
import { ApiError, api, take, type Schemas } from "../../api/client";
import { useTexts } from "../../i18n/use";

type Entry = Schemas["FeedCreate"];

const TRANSPORTS = ["http", "taxii", "misp"] as const;
const FORMATS = ["auto", "stix", "misp", "csv", "json"] as const;
const MODES = ["append", "replace"] as const;
const TLPS = ["clear", "green", "amber", "amber+strict", "red"] as const;
const FIRST: Partial<Entry> = {
  transport: "http",
  format: "auto",
  mode: "append",
  interval: 3600,
  confidence: 50,
  tlp: "amber",
  valid_days: 90,
  user: "",
  secret: "",
};

export function NewFeed({ open, onClose }: { open: boolean; onClose: () => void }): ReactNode {
  const { t } = useTexts("intel");
  const { t: common } = useTexts("common");
  const [problem, setProblem] = useState("");
  const create = async (entry: Entry): Promise<void> => {
    try {
      await take(api.POST("/api/v1/intel/feeds", { body: { ...entry, format: entry.transport === "http" ? entry.format : "auto" } }));
      setProblem("");
      onClose();
    } catch (error) {
      setProblem(error instanceof ApiError ? error.message : common("unreachable"));
    }
  };
  const needed = [{ required: true, message: "" }];
  return (
    <Drawer open={open} onClose={onClose} title={t("feed.add")} size={460} destroyOnHidden>
      <Form<Entry> layout="vertical" onFinish={create} initialValues={FIRST} requiredMark={false}>
        {problem && <Alert type="warning" showIcon title={problem} role="alert" />}
        <Form.Item name="id" label={t("feed.id")} rules={[...needed, { pattern: /^[a-z0-9][a-z0-9._-]{0,62}$/, message: "a-z 0-9 . _ -" }]}>
          <Input maxLength={63} />
        </Form.Item>
        <Form.Item name="name" label={t("feed.name")} rules={needed}>
          <Input maxLength={120} />
        </Form.Item>
        <Form.Item name="transport" label={t("feed.transport")}>
          <Select options={TRANSPORTS.map((value) => ({ value, label: t(`feed.transports.${value}`) }))} />
        </Form.Item>
        <Form.Item name="url" label={t("feed.url")} rules={needed}>
          <Input maxLength={2000} placeholder="https://" />
        </Form.Item>
        <Form.Item name="format" label={t("feed.format")}>
          <Select options={FORMATS.map((value) => ({ value, label: t(`feed.formats.${value}`) }))} />
        </Form.Item>
        <Form.Item name="mode" label={t("feed.mode")}>
          <Select options={MODES.map((value) => ({ value, label: t(`feed.modes.${value}`) }))} />
        </Form.Item>
        <Form.Item name="user" label={t("feed.user")}>
          <Input maxLength={120} />
        </Form.Item>
        <Form.Item name="secret" label={t("feed.secret")}>
          <Input maxLength={64} />
        </Form.Item>
        <Form.Item name="interval" label={t("feed.interval")}>
          <InputNumber min={60} max={2_592_000} />
        </Form.Item>
        <Form.Item name="confidence" label={t("feed.confidence")}>
          <InputNumber min={0} max={100} />
        </Form.Item>
        <Form.Item name="tlp" label={t("feed.tlp")}>
          <Select options={TLPS.map((value) => ({ value, label: `TLP:${value.toUpperCase()}` }))} />
        </Form.Item>
        <Form.Item name="valid_days" label={t("feed.days")}>
          <InputNumber min={1} max={3650} />
        </Form.Item>
        <Button type="primary" htmlType="submit">
          {t("feed.create")}
        </Button>
      </Form>
    </Drawer>
  );
}
