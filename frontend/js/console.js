// The console: an editor over the form's own text field, and a grid over the answer. Without script both still work.
import "./console-editor.js";
import "./console-grid.js";
import "./console-chart.js";
