import { texts } from "./text";

export const operations = texts({}, {});
