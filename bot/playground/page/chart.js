// The data_visualization block as SVG: line, area and bar charts; pie charts as a list of shares.

import { h, s } from "./dom.js";

const WIDTH = 560;
const HEIGHT = 240;
const MARGIN = { left: 52, right: 16, top: 12, bottom: 40 };
const COLOURS = ["var(--chart-1)", "#e8912d", "#2eb67d", "#e01e5a", "#8d3cc7", "#36c5f0", "#7c5c3e", "#616061"];

/** Draw a data_visualization block. */
export function chart(block) {
  const { chart: what, title } = block;
  const body = what.type === "pie" ? pie(what) : axes(what, title);
  return h("figure", { class: "chart" }, h("figcaption", {}, title), body, what.type === "pie" ? null : legend(what.series));
}

function legend(series) {
  if (series.length < 2) return null;
  return h("div", { class: "legend" }, series.map((one, at) => h("span", {}, h("i", { style: { background: colour(at) } }), one.name)));
}

const colour = (at) => COLOURS[at % COLOURS.length];

function ticks(low, high) {
  const span = high - low || Math.abs(high) || 1;
  const rough = span / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((f) => f * power).find((x) => x >= rough);
  const first = Math.floor(low / step) * step;
  const found = [];
  for (let at = first; at < high + step * 0.999; at += step) found.push(Number(at.toPrecision(12)));
  return found.length > 1 ? found : [first, first + step];
}

const short = (value) => (Math.abs(value) >= 10000 ? value.toExponential(1) : String(Number(value.toPrecision(4))));

function axes(what, title) {
  const { categories, x_label: xLabel, y_label: yLabel } = what.axis_config;
  const values = what.series.flatMap((one) => one.data.map((point) => point.value));
  const zero = what.type !== "line";
  const marks = ticks(Math.min(...values, ...(zero ? [0] : [])), Math.max(...values, ...(zero ? [0] : [])));
  const [low, high] = [marks[0], marks[marks.length - 1]];
  const inner = { width: WIDTH - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };
  const count = categories.length;
  const x = (at) => MARGIN.left + (what.type === "bar" ? ((at + 0.5) / count) * inner.width : count < 2 ? inner.width / 2 : (at / (count - 1)) * inner.width);
  const y = (value) => MARGIN.top + inner.height * (1 - (value - low) / (high - low || 1));
  const every = Math.ceil(count / 8);
  const said = what.series.map((one) => `${one.name} from ${short(one.data[0].value)} to ${short(one.data.at(-1).value)}`).join(", ");
  return s(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${title}: ${said}` },
    marks.map((mark) => [
      s("line", { class: "grid", x1: MARGIN.left, x2: WIDTH - MARGIN.right, y1: y(mark), y2: y(mark) }),
      s("text", { class: "tick", x: MARGIN.left - 8, y: y(mark) + 4, "text-anchor": "end" }, short(mark)),
    ]),
    categories.map((name, at) =>
      at % every === 0 || at === count - 1 && (count - 1) % every > every / 2
        ? s("text", { class: "tick", x: x(at), y: HEIGHT - MARGIN.bottom + 16, "text-anchor": "middle" }, name)
        : null,
    ),
    xLabel ? s("text", { class: "axis", x: MARGIN.left + inner.width / 2, y: HEIGHT - 6, "text-anchor": "middle" }, xLabel) : null,
    yLabel ? s("text", { class: "axis", "text-anchor": "middle", transform: `translate(12 ${MARGIN.top + inner.height / 2}) rotate(-90)` }, yLabel) : null,
    what.series.map((one, index) => (what.type === "bar" ? bars(one, index, what.series.length, { x, y, inner, count, low }) : line(one, index, what.type === "area", { x, y, low }))),
  );
}

function line(one, index, filled, { x, y, low }) {
  const points = one.data.map((point, at) => [x(at), y(point.value)]);
  const path = points.map(([a, b], at) => `${at ? "L" : "M"}${a.toFixed(1)} ${b.toFixed(1)}`).join("");
  const area = `${path}L${points.at(-1)[0]} ${y(low)}L${points[0][0]} ${y(low)}Z`;
  return [
    s("path", { d: area, fill: colour(index), "fill-opacity": filled ? 0.22 : 0.07, stroke: "none" }),
    s("path", { d: path, fill: "none", stroke: colour(index), "stroke-width": 2.25, "stroke-linejoin": "round", "stroke-linecap": "round" }),
    one.data.map((point, at) => s("circle", { class: "dot", cx: points[at][0], cy: points[at][1], r: 3, fill: colour(index) }, s("title", {}, `${one.name} at ${point.label}: ${short(point.value)}`))),
  ];
}

function bars(one, index, of, { x, y, inner, count, low }) {
  const width = (inner.width / count) * 0.7 / of;
  return one.data.map((point, at) => {
    const [top, bottom] = [y(Math.max(point.value, 0)), y(Math.min(point.value, Math.max(low, 0)))];
    return s("rect", { x: x(at) - (width * of) / 2 + width * index, y: top, width: width * 0.92, height: Math.max(bottom - top, 1), rx: 2, fill: colour(index) }, s("title", {}, `${one.name} at ${point.label}: ${short(point.value)}`));
  });
}

function pie(what) {
  const total = what.segments.reduce((sum, part) => sum + part.value, 0);
  return h("ul", { class: "shares" }, what.segments.map((part, at) => h("li", {}, h("i", { style: { background: colour(at), width: `${(100 * part.value) / total}%` } }), h("span", {}, `${part.label}: ${short(part.value)}`))));
}
