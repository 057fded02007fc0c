// The parts of Tom Select in use, kept apart so that only pages with tags load them.

import removeButton from "tom-select/dist/esm/plugins/remove_button/plugin.js";
import TomSelect from "tom-select/dist/esm/tom-select.js";

TomSelect.define("remove_button", removeButton);

export default TomSelect;
