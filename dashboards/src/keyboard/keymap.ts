/** Every single-key shortcut in one table: it drives the handlers, the hints on the screen and the help dialog. */

export type Scope = "queue" | "incident" | "everywhere";

export interface Binding {
  /** As the browser names it (`KeyboardEvent.key`); a sequence is two keys with a space between. */
  keys: string;
  action: string;
  scope: Scope;
  zh: string;
  en: string;
  /** Shown in the hint line under the list, not only in the help dialog. */
  hint?: boolean;
}

export const bindings: readonly Binding[] = [
  { keys: "j", action: "next", scope: "queue", zh: "下一条", en: "Next", hint: true },
  { keys: "k", action: "previous", scope: "queue", zh: "上一条", en: "Previous", hint: true },
  { keys: "J", action: "extend-next", scope: "queue", zh: "向下多选", en: "Extend down" },
  { keys: "K", action: "extend-previous", scope: "queue", zh: "向上多选", en: "Extend up" },
  { keys: "x", action: "select", scope: "queue", zh: "选中/取消", en: "Select", hint: true },
  { keys: "*", action: "select-all", scope: "queue", zh: "选中全部查询结果", en: "Select the whole query" },
  { keys: "Escape", action: "clear", scope: "queue", zh: "取消选择", en: "Clear selection" },
  { keys: "Enter", action: "open", scope: "queue", zh: "打开整页", en: "Open as a page", hint: true },
  { keys: "a", action: "assign", scope: "queue", zh: "指派给我", en: "Assign to me", hint: true },
  { keys: "s", action: "status", scope: "queue", zh: "改状态", en: "Status", hint: true },
  { keys: "e", action: "close", scope: "queue", zh: "研判并关闭", en: "Judge and close", hint: true },
  { keys: "n", action: "note", scope: "queue", zh: "写备注", en: "Note" },
  { keys: "m", action: "suppress", scope: "queue", zh: "抑制噪声", en: "Suppress noise" },
  { keys: "m", action: "suppress", scope: "incident", zh: "抑制噪声", en: "Suppress noise", hint: true },
  { keys: "z", action: "undo", scope: "queue", zh: "撤销上一步", en: "Undo", hint: true },
  { keys: "r", action: "refresh", scope: "queue", zh: "载入更新", en: "Load updates" },
  { keys: "f", action: "filter", scope: "queue", zh: "筛选框", en: "Filter box", hint: true },
  { keys: "/", action: "search", scope: "everywhere", zh: "检索日志", en: "Search events" },
  { keys: "?", action: "help", scope: "everywhere", zh: "快捷键帮助", en: "Keyboard help", hint: true },
  { keys: "g i", action: "go-incidents", scope: "everywhere", zh: "去安全事件", en: "Go to incidents" },
  { keys: "g o", action: "go-overview", scope: "everywhere", zh: "去态势总览", en: "Go to overview" },
  { keys: "g e", action: "go-enterprises", scope: "everywhere", zh: "去企业", en: "Go to enterprises" },
  { keys: "g t", action: "go-tuning", scope: "everywhere", zh: "去调优", en: "Go to tuning" },
  { keys: "g s", action: "go-sources", scope: "everywhere", zh: "去接入", en: "Go to sources" },
];

export interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

export interface Match {
  action: string | null;
  /** The first key of a sequence that is not finished. */
  pending: string;
}

/** What a key means in the given scopes, after `pending`, the first key of a sequence. */
export function match(pressed: Pressed, scopes: readonly Scope[], pending: string): Match {
  if (pressed.ctrlKey || pressed.metaKey || pressed.altKey) return { action: null, pending: "" };
  const here = bindings.filter((binding) => scopes.includes(binding.scope));
  const typed = pending ? `${pending} ${pressed.key}` : pressed.key;
  const found = here.find((binding) => binding.keys === typed);
  if (found) return { action: found.action, pending: "" };
  if (!pending && here.some((binding) => binding.keys.startsWith(`${pressed.key} `))) {
    return { action: null, pending: pressed.key };
  }
  return { action: null, pending: "" };
}

const TYPING = "input:not([type=checkbox]):not([type=radio]),textarea,select,[contenteditable=true],[role=combobox],[role=dialog]";

/** Keys belong to what is being typed into, and to an open dialog. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest(TYPING) !== null;
}
