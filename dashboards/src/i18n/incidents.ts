import { texts } from "./text";

export const incidents = texts({}, {});
