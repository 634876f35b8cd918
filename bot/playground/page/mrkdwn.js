// Slack's mrkdwn, and a subset of Markdown, as DOM nodes. Everything that is not markup becomes a text node.

import { h } from "./dom.js";
import { emoji } from "./emoji.js";

const unescape = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

const RULES = [
  { name: "code", pattern: /`([^`\n]+)`/ },
  { name: "entity", pattern: /<((?:[@#!]|https?:|mailto:|tel:)[^<>\n]*)>/ },
  { name: "bold", pattern: /(?<![\w*])\*(?=[^\s*])([^\n]*?[^\s*])\*(?![\w*])/ },
  { name: "italic", pattern: /(?<![\w_])_(?=[^\s_])([^\n]*?[^\s_])_(?![\w_])/ },
  { name: "strike", pattern: /(?<![\w~])~(?=[^\s~])([^\n]*?[^\s~])~(?![\w~])/ },
  { name: "emoji", pattern: /:([a-z0-9_+-]+):/ },
];
const TAGS = { bold: "b", italic: "i", strike: "s" };

/** Render mrkdwn; `names` resolves ids: {user(id), channel(id)}. */
export function mrkdwn(text, names) {
  const nodes = [];
  String(text).split(/(```[\s\S]*?```)/).forEach((part) => {
    if (part.length > 6 && part.startsWith("```") && part.endsWith("```")) {
      nodes.push(h("pre", {}, h("code", {}, unescape(part.slice(3, -3).replace(/^\n|\n$/g, "")))));
    } else if (part) {
      nodes.push(...paragraphs(nodes.length ? part.replace(/^\n/, "") : part, names));
    }
  });
  return nodes;
}

function paragraphs(text, names) {
  const nodes = [];
  let quote = null;
  const lines = text.split("\n");
  lines.forEach((line, index) => {
    const quoted = /^(?:&gt;|>)\s?/.exec(line);
    if (quoted) {
      if (!quote) nodes.push((quote = h("blockquote")));
      else quote.append(h("br"));
      quote.append(...inline(line.slice(quoted[0].length), names));
    } else {
      if (index && !quote) nodes.push(h("br"));
      quote = null;
      nodes.push(...inline(line, names));
    }
  });
  return nodes;
}

function inline(text, names) {
  let first = null;
  for (const rule of RULES) {
    const match = rule.pattern.exec(text);
    if (match && (!first || match.index < first.match.index)) first = { rule, match };
  }
  if (!first) return text ? [unescape(text)] : [];
  const { rule, match } = first;
  const before = text.slice(0, match.index);
  const after = text.slice(match.index + match[0].length);
  return [...(before ? [unescape(before)] : []), rendered(rule.name, match, names), ...inline(after, names)];
}

function rendered(kind, match, names) {
  if (kind === "code") return h("code", {}, unescape(match[1]));
  if (kind === "entity") return entity(match[1], match[0], names);
  if (kind === "emoji") return emojiNode(match[1]) ?? match[0];
  return h(TAGS[kind], {}, ...inline(match[1], names));
}

export function emojiNode(code) {
  const character = emoji(code);
  return character ? h("span", { class: "emoji", role: "img", "aria-label": code.replaceAll("_", " ") }, character) : null;
}

function entity(body, raw, names) {
  const bar = body.indexOf("|");
  const target = bar < 0 ? body : body.slice(0, bar);
  const label = bar < 0 ? "" : unescape(body.slice(bar + 1));
  if (target.startsWith("@")) return mention(`@${names.user(target.slice(1)) ?? (label || target.slice(1))}`, names.me === target.slice(1));
  if (target.startsWith("#")) return mention(`#${names.channel(target.slice(1)) ?? (label || "channel")}`);
  if (target.startsWith("!date^")) return date(target, label);
  if (target.startsWith("!subteam^")) return mention(label || "@group");
  if (/^!(channel|here|everyone)$/.test(target)) return mention(`@${target.slice(1)}`, true);
  if (target.startsWith("!")) return label || unescape(raw);
  return link(unescape(target), label || unescape(target).replace(/^(mailto|tel):/, ""));
}

const mention = (text, loud = false) => h("span", { class: loud ? "mention loud" : "mention" }, text);

/** A link that opens elsewhere; only web and mail addresses become links. */
export function link(href, ...label) {
  if (!/^(https?|mailto|tel):/.test(href)) return h("span", {}, ...label);
  return h("a", { href, target: "_blank", rel: "noopener noreferrer" }, ...label);
}

// --- dates: <!date^1392734382^{date_short_pretty} {time}^link|fallback> ----------------------------------------------

function date(target, fallback) {
  const [, stamp, format = "", href] = target.split("^");
  const at = new Date(Number(stamp) * 1000);
  if (Number.isNaN(at.getTime())) return fallback;
  const text = format.replace(/\{(\w+)\}/g, (whole, token) => dateToken(token, at) ?? whole);
  const node = h("time", { datetime: at.toISOString(), title: at.toLocaleString("en-US") }, text);
  return href ? link(href, node) : node;
}

function dateToken(token, at) {
  const day = (options) => at.toLocaleDateString("en-US", options);
  const pretty = (otherwise) => {
    const days = Math.round((startOfDay(at) - startOfDay(new Date())) / 86400000);
    return { 0: "today", "-1": "yesterday", 1: "tomorrow" }[days] ?? otherwise;
  };
  const forms = {
    date_num: () => `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, "0")}-${String(at.getDate()).padStart(2, "0")}`,
    date: () => day({ month: "long", day: "numeric", year: "numeric" }),
    date_short: () => day({ month: "short", day: "numeric", year: "numeric" }),
    date_long: () => day({ weekday: "long", month: "long", day: "numeric", year: "numeric" }),
    date_pretty: () => pretty(forms.date()),
    date_short_pretty: () => pretty(forms.date_short()),
    date_long_pretty: () => pretty(forms.date_long()),
    time: () => clock(at),
    time_secs: () => at.toLocaleTimeString("en-US"),
    ago: () => ago(at),
  };
  return forms[token]?.();
}

const startOfDay = (at) => new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();

/** "Today", "Yesterday" or the date. */
export function dayName(at) {
  const days = Math.round((startOfDay(new Date()) - startOfDay(at)) / 86400000);
  if (days < 2) return ["Today", "Yesterday"][days] ?? "Today";
  return at.toLocaleDateString("en-US", { weekday: "long", month: "long", day: "numeric" });
}

export function clock(at) {
  return at.toLocaleTimeString("en-US", { hour: "numeric", minute: "2-digit" });
}

export function ago(at) {
  const minutes = Math.round((Date.now() - at.getTime()) / 60000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} minute${minutes === 1 ? "" : "s"} ago`;
  const hours = Math.round(minutes / 60);
  return hours < 24 ? `${hours} hour${hours === 1 ? "" : "s"} ago` : `${Math.round(hours / 24)} days ago`;
}

// --- the markdown block ------------------------------------------------------------------------------------------------

/** Render the Markdown of a `markdown` block: headings, lists, code, quotes, links, emphasis. */
export function markdown(text) {
  const nodes = [];
  let list = null;
  for (const part of String(text).split(/(```[\s\S]*?```)/)) {
    if (part.startsWith("```") && part.length > 6) {
      nodes.push(h("pre", {}, h("code", {}, part.slice(3, -3).replace(/^[\w-]*\n/, "").replace(/\n$/, ""))));
      continue;
    }
    for (const line of part.split("\n")) {
      const heading = /^(#{1,6})\s+(.*)$/.exec(line);
      const item = /^\s*(?:([-*+])|(\d+)\.)\s+(.*)$/.exec(line);
      const quote = /^>\s?(.*)$/.exec(line);
      if (!item) list = null;
      if (heading) nodes.push(h("p", { class: "heading" }, ...markdownInline(heading[2])));
      else if (item) {
        if (!list) nodes.push((list = h(item[2] ? "ol" : "ul")));
        list.append(h("li", {}, ...markdownInline(item[3])));
      } else if (quote) nodes.push(h("blockquote", {}, ...markdownInline(quote[1])));
      else if (/^\s*(---+|\*\*\*+)\s*$/.test(line)) nodes.push(h("hr"));
      else if (line.trim()) nodes.push(h("p", {}, ...markdownInline(line)));
    }
  }
  return nodes;
}

function markdownInline(text) {
  const match = /`([^`]+)`|\[([^\]]+)\]\((https?:[^)\s]+)\)|\*\*(.+?)\*\*|__(.+?)__|\*(.+?)\*|(?<!\w)_(.+?)_(?!\w)|~~(.+?)~~|:([a-z0-9_+-]+):/.exec(text);
  if (!match) return text ? [text] : [];
  const [whole, code, label, href, strong, strong2, em, em2, gone, symbol] = match;
  let node = whole;
  if (code) node = h("code", {}, code);
  else if (label) node = link(href, ...markdownInline(label));
  else if (strong || strong2) node = h("b", {}, ...markdownInline(strong ?? strong2));
  else if (em || em2) node = h("i", {}, ...markdownInline(em ?? em2));
  else if (gone) node = h("s", {}, ...markdownInline(gone));
  else if (symbol) node = emojiNode(symbol) ?? whole;
  return [text.slice(0, match.index), node, ...markdownInline(text.slice(match.index + whole.length))].filter(Boolean);
}
