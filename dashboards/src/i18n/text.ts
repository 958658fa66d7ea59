interface Tree { readonly [key: string]: string | Tree }
type Same<T> = { readonly [K in keyof T]: T[K] extends string ? string : Same<T[K]> };

export interface Texts<T extends Tree> {
  zh: T;
  en: Same<T>;
}

/** Both languages of an area; the compiler refuses an English tree that lacks or adds a key. */
export function texts<const T extends Tree>(zh: T, en: Same<T>): Texts<T> {
  return { zh, en };
}
