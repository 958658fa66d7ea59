import { bursts } from "./bursts";
import { campaigns } from "./campaigns";
import { common } from "./common";
import { detection } from "./detection";
import { feedback } from "./feedback";
import { imports } from "./imports";
import { incidents } from "./incidents";
import { intel } from "./intel";
import { mappings } from "./mappings";
import { onboarding } from "./onboarding";
import { operations } from "./operations";
import { overview } from "./overview";
import { quality } from "./quality";
import { rulebook } from "./rulebook";
import { search } from "./search";

/** Every area of texts. A new screen brings its own file. */
export const areas = { bursts, campaigns, common, detection, feedback, imports, incidents, intel, mappings, onboarding, operations, overview, quality, rulebook, search };
