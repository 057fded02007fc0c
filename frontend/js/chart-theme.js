// Chart.js dressed in the tokens. Colours are read from the style sheet, so that there is one place for them.
import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
} from "chart.js";

Chart.register(
  BarController,
  BarElement,
  CategoryScale,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
);

const styles = getComputedStyle(document.documentElement);

/** A token's value. */
export const token = (name) => styles.getPropertyValue(name).trim();

/** The six series colours, in the order that colour-blind viewers can tell apart. */
export const palette = [1, 2, 3, 4, 5, 6].map((step) => token(`--lux-chart-${step}`));

/** Dashes beside the colours: a line is never told by its hue alone. */
export const dashes = [[], [6, 3], [2, 3], [9, 3, 2, 3], [4, 2], [1, 2]];

/** Sequential steps, from little to much. */
export const sequential = [1, 2, 3, 4].map((step) => token(`--lux-seq-${step}`));

const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

Chart.defaults.font.family = token("--lux-font");
Chart.defaults.font.size = 12;
Chart.defaults.color = token("--lux-text-3");
Chart.defaults.borderColor = token("--lux-line");
Chart.defaults.maintainAspectRatio = false;
Chart.defaults.animation = still ? false : { duration: 180 };
Object.assign(Chart.defaults.plugins.tooltip, {
  backgroundColor: token("--lux-overlay"),
  borderColor: token("--lux-line-strong"),
  borderWidth: 1,
  titleColor: token("--lux-text"),
  bodyColor: token("--lux-text-2"),
  padding: 10,
  cornerRadius: 8,
  boxPadding: 4,
  usePointStyle: true,
});

/** A fill below a line that fades to nothing. */
export const fade = (colour) => (context) => {
  const { ctx, chartArea } = context.chart;
  if (!chartArea) return "transparent";
  const gradient = ctx.createLinearGradient(0, chartArea.top, 0, chartArea.bottom);
  gradient.addColorStop(0, `${colour}38`);
  gradient.addColorStop(1, `${colour}00`);
  return gradient;
};

export { Chart };
