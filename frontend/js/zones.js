// Preselects the browser's own time zone where nobody has chosen one yet.
import { forEach } from "./dom.js";

forEach("select[data-guess-zone]", (select) => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const isListed = [...select.options].some((option) => option.value === zone);
  if (isListed && select.value === "UTC") select.value = zone;
});
