import { useQuery } from "@tanstack/react-query";
import { Select } from "antd";
import { useState, type ReactNode } from "react";
import { api, take } from "../../api/client";
import { nameOf } from "../../i18n";
import { useTexts } from "../../i18n/use";

export function EnterprisePicker(props: { value?: string; onChange?: (value: string) => void; id?: string }): ReactNode {
  const { language } = useTexts("onboarding");
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
