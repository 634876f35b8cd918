// Block Kit's blocks as DOM nodes. Text goes through mrkdwn.js, interactive elements through elements.js.

import { chart } from "./chart.js";
import { h } from "./dom.js";
import { element, plain } from "./elements.js";
import { emojiNode, link, markdown, mrkdwn } from "./mrkdwn.js";

/** Render blocks; `context` as elements.js wants it, with `names` and `errors` (block_id -> text). */
export function renderBlocks(blocks, context) {
  const full = { ...context, text: (object) => text(object, context.names) };
  return blocks.map((block) => {
    const make = RULES[block.type] ?? unknown;
    const node = make(block, full);
    node.classList.add("block", `block-${block.type}`);
    node.dataset.blockId = block.block_id ?? "";
    return node;
  });
}

/** A text object as a node. */
export function text(object, names) {
  if (object.type === "mrkdwn") return h("span", { class: "mrkdwn" }, mrkdwn(object.text, names));
  return h("span", { class: "plain" }, plain(object.text));
}

const RULES = {
  header: (block, context) => h("h3", {}, context.text(block.text)),
  divider: () => h("hr"),
  section,
  context: (block, context) => h("div", {}, block.elements.map((e) => (e.type === "image" ? picture(e) : context.text(e)))),
  actions: (block, context) => h("div", {}, block.elements.map((e) => element(block, e, context))),
  input,
  image: (block) => h("figure", {}, block.title ? h("figcaption", {}, plain(block.title.text)) : null, picture(block)),
  markdown: (block) => h("div", {}, markdown(block.text)),
  rich_text: (block, context) => h("div", {}, richText(block.elements, context.names)),
  table,
  data_table: table,
  data_visualization: chart,
  file: (block) => h("div", {}, `File ${block.external_id}`),
};

function unknown(block) {
  return h("p", { class: "unsupported" }, `[${block.type}: this page does not draw such a block]`);
}

function section(block, context) {
  const accessory = block.accessory && (block.accessory.type === "image" ? picture(block.accessory) : element(block, block.accessory, context));
  return h(
    "div",
    {},
    h(
      "div",
      { class: "main" },
      block.text ? h("div", { class: "text" }, context.text(block.text)) : null,
      block.fields ? h("div", { class: "fields" }, block.fields.map((field) => h("div", {}, context.text(field)))) : null,
    ),
    accessory ? h("div", { class: "accessory" }, accessory) : null,
  );
}

let inputs = 0;

function input(block, context) {
  const problem = context.errors?.[block.block_id];
  const id = `hint-${(inputs += 1)}`;
  const inner = { ...context, label: block.label.text, invalid: Boolean(problem), describedby: problem ? id : null };
  return h(
    "div",
    { class: problem ? "invalid" : "" },
    h("p", { class: "label" }, plain(block.label.text), block.optional ? h("small", {}, " (optional)") : null),
    element(block, block.element, inner),
    problem ? h("p", { class: "problem", id, role: "alert" }, problem) : null,
    block.hint ? h("p", { class: "hint" }, plain(block.hint.text)) : null,
  );
}

function picture(part) {
  return h("img", { src: part.image_url ?? part.slack_file?.url ?? "", alt: part.alt_text, loading: "lazy" });
}

function table(block, context) {
  const settings = block.column_settings ?? [];
  const cell = (tag, value, at) => {
    const side = settings[at]?.align ?? (value.type === "raw_number" ? "right" : "left");
    const inside = value.type === "rich_text" ? richText(value.elements, context.names) : plain(value.text ?? String(value.value ?? ""));
    return h(tag, { class: `${side}${settings[at]?.is_wrapped ? " wrapped" : ""}`, scope: tag === "th" ? "col" : null }, inside);
  };
  const [head, ...rows] = block.rows;
  return h(
    "div",
    { tabindex: "0", role: "region", "aria-label": block.caption ?? "Table" },
    h("table", {}, h("thead", {}, h("tr", {}, head.map((c, at) => cell("th", c, at)))), h("tbody", {}, rows.map((row) => h("tr", {}, row.map((c, at) => cell("td", c, at)))))),
  );
}

// --- rich text -------------------------------------------------------------------------------------------------------------

function richText(parts, names) {
  return parts.map((part) => {
    const inside = () => part.elements.map((e) => richElement(e, names));
    if (part.type === "rich_text_list") {
      return h(part.style === "ordered" ? "ol" : "ul", { style: { marginLeft: `${(part.indent ?? 0) * 24}px` } }, part.elements.map((item) => h("li", {}, item.elements.map((e) => richElement(e, names)))));
    }
    if (part.type === "rich_text_preformatted") return h("pre", {}, h("code", {}, inside()));
    if (part.type === "rich_text_quote") return h("blockquote", {}, inside());
    return h("p", {}, inside());
  });
}

function richElement(part, names) {
  const styled = (node) => {
    const tags = { bold: "b", italic: "i", strike: "s", code: "code" };
    return Object.entries(part.style ?? {}).reduce((inner, [name, on]) => (on && tags[name] ? h(tags[name], {}, inner) : inner), node);
  };
  switch (part.type) {
    case "text":
      return styled(h("span", { class: "pre-line" }, part.text));
    case "link":
      return styled(link(part.url, part.text ?? part.url));
    case "emoji":
      return emojiNode(part.name) ?? `:${part.name}:`;
    case "user":
      return h("span", { class: "mention" }, `@${names.user(part.user_id) ?? part.user_id}`);
    case "channel":
      return h("span", { class: "mention" }, `#${names.channel(part.channel_id) ?? "channel"}`);
    case "broadcast":
      return h("span", { class: "mention loud" }, `@${part.range}`);
    case "date":
      return h("time", {}, part.fallback ?? new Date(part.timestamp * 1000).toLocaleString("en-US"));
    default:
      return part.text ?? "";
  }
}
