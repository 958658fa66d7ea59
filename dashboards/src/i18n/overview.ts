import { texts } from "./text";

export const overview = texts({}, {});
