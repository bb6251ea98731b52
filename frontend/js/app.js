// What every page has. One module per concern; a page that needs more names its own bundle.
import "./theme.js";
import "./palette.js";
import "./shortcuts.js";
import "./copy.js";
import "./moments.js";
import "./live-log.js";
import "./tips.js";
import "./drawer.js";
import "./people.js";
import "./tables.js";
