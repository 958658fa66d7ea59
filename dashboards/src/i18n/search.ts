import { texts } from "./text";

export const search = texts({}, {});
