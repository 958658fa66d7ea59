import { bursts } from "./bursts";
import { campaigns } from "./campaigns";
import { common } from "./common";
import { feedback } from "./feedback";
import { incidents } from "./incidents";
import { operations } from "./operations";
import { overview } from "./overview";
import { search } from "./search";

/** Every area of texts. A new screen brings its own file. */
export const areas = { bursts, campaigns, common, feedback, incidents, operations, overview, search };
