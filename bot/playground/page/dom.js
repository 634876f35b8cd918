// Make and replace DOM nodes. Text is always set as text: nothing here parses HTML.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "value" && "value" in node) node.value = value;
    else if (name === "style" && typeof value === "object") Object.assign(node.style, value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...flat(children));
  return node;
}

function flat(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}

/** Make an element: h("button", {class: "x", onclick: f}, "text", child, [more]). */
export function h(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** The same for SVG. */
export function s(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

/** Replace what a node holds. */
export function put(node, ...children) {
  node.replaceChildren(...flat(children));
  return node;
}

const ICONS = {
  home: "M3 10.500 12 3l9 7.500V20a1 1 0 0 1-1 1h-5v-6h-6v6H4a1 1 0 0 1-1-1z",
  messages: "M4 5h16v11H9l-5 4z",
  bell: "M6 16V11a6 6 0 0 1 12 0v5l1.500 2h-15zM10 20.500h4",
  bookmark: "M6 4h12v16l-6-4.500L6 20z",
  bolt: "M13 3 5 13.500h6L10 21l8-10.500h-6z",
  send: "M4 12 3.500 4.500 21 12 3.500 19.500zM4 12h8",
  reply: "M4 5h16v11H9l-5 4zM8.500 9.500h7M8.500 12.500h4.500",
  more: "M12 5.500v.01M12 12v.01M12 18.500v.01",
  close: "M6 6l12 12M18 6 6 18",
  search: "M10.500 4a6.500 6.500 0 1 0 0 13 6.500 6.500 0 0 0 0-13zM15.500 15.500 20 20",
  caret: "M6 9.500l6 6 6-6",
  link: "M10 14l4-4M8.500 11 6 13.500a3.500 3.500 0 0 0 5 5L13.500 16M15.500 13l2.500-2.500a3.500 3.500 0 0 0-5-5L10.500 8",
  plus: "M12 5v14M5 12h14",
  bold: "M8 5h5a3.500 3.500 0 0 1 0 7H8zM8 12h6a3.500 3.500 0 0 1 0 7H8z",
  italic: "M10 5h7M7 19h7M14 5l-4 14",
  strike: "M5 12h14M16.500 8c0-2-2-3-4.500-3s-4.500 1-4.500 3.500c0 1.500 1 2.500 2.500 3M7.500 16c0 2 2 3 4.500 3s4.500-1 4.500-3.500",
  code: "M8.500 7 4 12l4.500 5M15.500 7 20 12l-4.500 5",
  list: "M9 6.500h11M9 12h11M9 17.500h11M4.500 6.500v.01M4.500 12v.01M4.500 17.500v.01",
  at: "M16 8v5a2.500 2.500 0 0 0 5 0v-1a9 9 0 1 0-3.500 7.100M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0z",
  smile: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8.500 14.500s1 2 3.500 2 3.500-2 3.500-2M9 9.500v.01M15 9.500v.01",
  eye: "M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  person: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.500 20.500c.5-4 3.500-6 7.500-6s7 2 7.500 6",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  check: "M4.500 12.500 9.500 17.500 19.500 6.500",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7.500V12l3 2",
  warning: "M12 4 2.500 20h19zM12 10v4.500M12 17.300v.01",
};

/** A line icon by name. */
export function icon(name, size = 18) {
  return s(
    "svg",
    { viewBox: "0 0 24 24", width: size, height: size, class: `icon icon-${name}`, "aria-hidden": "true" },
    s("path", { d: ICONS[name] }),
  );
}
