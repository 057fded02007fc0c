// Draws every <canvas data-chart> of the page from its data attributes; the table below it holds the same figures.
import { Chart, dashes, fade, palette, token } from "../chart-theme.js";
import { forEach } from "../dom.js";

const language = document.documentElement.lang;
const written = (value, unit) => (value === null ? "–" : value.toLocaleString(language)) + unit;

const isStacked = (kind) => kind === "stacked" || kind === "across";

/** A value between two unknown ones has no line: it is drawn as a point. */
const isAlone = (values, at) =>
  (values[at - 1] ?? null) === null && (values[at + 1] ?? null) === null;

function dataset(kind, series, index, alone) {
  const colour = palette[index];
  const common = { label: series.label, data: series.values };
  if (kind === "line") {
    return {
      ...common,
      borderColor: colour,
      backgroundColor: fade(colour),
      borderDash: dashes[index],
      borderWidth: 2,
      fill: alone,
      pointRadius: ({ dataIndex, dataset: own }) => (isAlone(own.data, dataIndex) ? 2.5 : 0),
      pointBackgroundColor: colour,
      pointHoverRadius: 4,
      pointHoverBackgroundColor: colour,
      pointHoverBorderColor: token("--lux-bg"),
      spanGaps: false, // what is not known stays a gap
      tension: 0.3,
    };
  }
  return {
    ...common,
    backgroundColor: colour,
    borderRadius: 3,
    maxBarThickness: 36,
    stack: isStacked(kind) ? "all" : undefined,
  };
}

const MOST_LINES = 3;

/** Names of any length stand in a third of the width, on a few lines; the table below holds them whole. */
function folded(canvas) {
  const most = Math.max(14, Math.floor(canvas.parentElement.clientWidth / 24));
  return function write(value) {
    const lines = [""];
    for (const word of this.getLabelForValue(value).split(" ")) {
      const longer = `${lines.at(-1)} ${word}`.trim();
      if (longer.length <= most) lines[lines.length - 1] = longer;
      else lines.push(word);
    }
    const shown = lines.filter(Boolean).map((line) => line.slice(0, most));
    if (shown.length > MOST_LINES) shown[MOST_LINES - 1] += "…";
    return shown.slice(0, MOST_LINES);
  };
}

function draw(canvas) {
  const { chart: kind, unit } = canvas.dataset;
  const labels = JSON.parse(canvas.dataset.labels);
  const series = JSON.parse(canvas.dataset.series);
  const stacked = isStacked(kind);
  const across = kind === "across";
  const names = {
    stacked,
    grid: { display: false },
    border: { color: token("--lux-line") },
    ticks: across
      ? { autoSkip: false, callback: folded(canvas) }
      : { maxRotation: 0, autoSkipPadding: 16 },
  };
  const values = {
    stacked,
    beginAtZero: true,
    border: { display: false },
    ticks: { maxTicksLimit: 5, precision: 0, callback: (value) => written(value, unit) },
  };
  new Chart(canvas, {
    type: kind === "line" ? "line" : "bar",
    data: {
      labels,
      datasets: series.map((one, index) => dataset(kind, one, index, series.length === 1)),
    },
    options: {
      interaction: { mode: "index", axis: across ? "y" : "x", intersect: false },
      indexAxis: across ? "y" : "x",
      scales: across ? { x: values, y: names } : { x: names, y: values },
      plugins: {
        legend: { display: false },
        tooltip: {
          callbacks: { label: (item) => ` ${item.dataset.label}: ${written(item.raw, unit)}` },
        },
      },
    },
  });
}

forEach("canvas[data-chart]", draw);
document.documentElement.dataset.charts = "drawn";
