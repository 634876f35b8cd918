// Block Kit's interactive elements: buttons, menus, choices, inputs.

import { h, icon } from "./dom.js";
import { emojiNode } from "./mrkdwn.js";
import { confirmDialog, openListbox, openMenu } from "./popover.js";

const RULES = {
  button,
  overflow,
  static_select: select,
  external_select: select,
  conversations_select: conversation,
  multi_static_select: multiSelect,
  multi_external_select: multiSelect,
  radio_buttons: choices,
  checkboxes: choices,
  plain_text_input: textInput,
  number_input: textInput,
  email_text_input: textInput,
  url_text_input: textInput,
  datepicker: picker,
  timepicker: picker,
};

/**
 * Render an element. `context`: {values, act(block, element, raw), options(element, words), text(object)}; where there is
 * a conversations_select also {conversations: [{id, name, is_im}], here: the one that is open}.
 */
export function element(block, part, context) {
  const make = RULES[part.type];
  return make ? make(block, part, context) : h("span", { class: "unsupported" }, `[${part.type}]`);
}

/** Plain text with its emoji codes. */
export function plain(text) {
  return String(text).split(/(:[a-z0-9_+-]+:)/).map((part) => (/^:.+:$/.test(part) ? (emojiNode(part.slice(1, -1)) ?? part) : part));
}

// --- values ------------------------------------------------------------------------------------------------------------

function held(block, part, context, initial) {
  const values = (context.values[block.block_id] ??= {});
  if (!(part.action_id in values) && initial !== undefined && initial !== null) values[part.action_id] = initial;
  return values[part.action_id];
}

function hold(block, part, context, raw) {
  (context.values[block.block_id] ??= {})[part.action_id] = raw;
}

async function changed(block, part, context, raw) {
  if (part.confirm && !(await confirmDialog(part.confirm, { render: context.text }))) return;
  hold(block, part, context, raw);
  context.redraw?.();
  if (block.type !== "input" || block.dispatch_action) context.act(block, part, raw);
}

const optionsOf = (part) => part.option_groups?.map((g) => ({ label: g.label?.text, options: g.options })) ?? [{ options: part.options ?? [] }];

// --- clicks ------------------------------------------------------------------------------------------------------------

function button(block, part, context) {
  const node = h(
    part.url ? "a" : "button",
    {
      type: part.url ? null : "button",
      class: `button ${part.style ?? ""}`,
      "data-action-id": part.action_id,
      "aria-label": part.accessibility_label,
      href: part.url && /^https?:/.test(part.url) ? part.url : null,
      target: part.url ? "_blank" : null,
      rel: part.url ? "noopener noreferrer" : null,
      onclick: async (event) => {
        if (node.classList.contains("busy")) return;
        if (part.confirm) {
          event.preventDefault();
          if (!(await confirmDialog(part.confirm, { render: context.text }))) return;
          if (part.url) window.open(part.url, "_blank", "noopener");
        }
        node.classList.add("busy");
        node.setAttribute("aria-busy", "true");
        await context.act(block, part, part.value ?? null);
        node.classList.remove("busy");
        node.removeAttribute("aria-busy");
      },
    },
    plain(part.text.text),
  );
  return node;
}

function overflow(block, part, context) {
  const node = h(
    "button",
    {
      type: "button",
      class: "button overflow",
      "aria-label": "More options",
      "aria-haspopup": "menu",
      "data-action-id": part.action_id,
      onclick: () =>
        openMenu(
          node,
          part.options.map((option) => ({
            label: option.text.text,
            hint: option.description?.text,
            value: option.value,
            act: async () => {
              if (option.url) window.open(option.url, "_blank", "noopener");
              if (part.confirm && !(await confirmDialog(part.confirm, { render: context.text }))) return;
              context.act(block, part, option.value);
            },
          })),
        ),
    },
    icon("more", 18),
  );
  return node;
}

// --- menus -------------------------------------------------------------------------------------------------------------

function finder(part, context) {
  if (part.type.endsWith("external_select")) return (words) => context.options(part, words);
  return (words) => {
    const fits = (option) => option.text.text.toLowerCase().includes(words.toLowerCase());
    return { groups: optionsOf(part).map((group) => ({ ...group, options: group.options.filter(fits) })) };
  };
}

function chosenOption(part, raw) {
  if (raw && typeof raw === "object") return raw;
  return optionsOf(part).flatMap((g) => g.options).find((o) => o.value === raw);
}

function select(block, part, context) {
  const external = part.type === "external_select";
  const initial = part.initial_option && (external ? part.initial_option : part.initial_option.value);
  const chosen = chosenOption(part, held(block, part, context, initial));
  const title = part.placeholder?.text ?? "Select an item";
  const node = h(
    "button",
    {
      type: "button",
      class: `select ${chosen ? "" : "empty"}`,
      role: "combobox",
      "aria-haspopup": "listbox",
      "aria-expanded": "false",
      "aria-label": context.label ?? title,
      "data-action-id": part.action_id,
      onclick: () =>
        openListbox(node, {
          label: context.label ?? title,
          find: finder(part, context),
          minimum: external ? (part.min_query_length ?? 3) : 0,
          isChosen: (option) => option.value === chosen?.value,
          choose: (option) => changed(block, part, context, external ? option : option.value),
        }),
    },
    h("span", {}, plain(chosen?.text.text ?? title)),
    icon("caret", 16),
  );
  return node;
}

function conversation(block, part, context) {
  const kinds = part.filter?.include ?? ["public", "private", "im"];
  const shown = (context.conversations ?? []).filter((one) => (one.is_im ? kinds.includes("im") : kinds.includes("public")));
  const options = shown.map((one) => ({ text: { type: "plain_text", text: one.is_im ? one.name : `# ${one.name}` }, value: one.id }));
  const initial = part.initial_conversation ?? (part.default_to_current_conversation ? shown.find((one) => one.id === context.here)?.id : null);
  held(block, part, context, initial);
  return select(block, { ...part, options }, context);
}

function multiSelect(block, part, context) {
  const list = held(block, part, context, part.initial_options ?? []);
  const title = part.placeholder?.text ?? "Select items";
  const node = h(
    "button",
    {
      type: "button",
      class: `select multi ${list.length ? "" : "empty"}`,
      role: "combobox",
      "aria-haspopup": "listbox",
      "aria-expanded": "false",
      "aria-label": context.label ?? title,
      "data-action-id": part.action_id,
      onclick: () =>
        openListbox(node, {
          label: context.label ?? title,
          find: finder(part, context),
          multiple: true,
          minimum: part.type === "multi_external_select" ? (part.min_query_length ?? 3) : 0,
          isChosen: (option) => list.some((o) => o.value === option.value),
          choose: (option) => {
            const at = list.findIndex((o) => o.value === option.value);
            if (at < 0) list.push(option);
            else list.splice(at, 1);
            changed(block, part, context, list);
          },
        }),
    },
    list.length ? list.map((o) => h("span", { class: "chip" }, o.text.text)) : h("span", {}, title),
    icon("caret", 16),
  );
  return node;
}

// --- choices and fields ----------------------------------------------------------------------------------------------------

let names = 0;

function choices(block, part, context) {
  const single = part.type === "radio_buttons";
  const initial = single ? part.initial_option?.value : (part.initial_options ?? []).map((o) => o.value);
  const raw = held(block, part, context, initial);
  const group = `choice-${(names += 1)}`;
  return h(
    "div",
    { class: "choices", role: single ? "radiogroup" : "group", "aria-label": context.label, "data-action-id": part.action_id },
    part.options.map((option) =>
      h(
        "label",
        {},
        h("input", {
          type: single ? "radio" : "checkbox",
          name: group,
          "data-value": option.value,
          checked: single ? raw === option.value : raw?.includes(option.value),
          onchange: (event) => {
            const now = context.values[block.block_id]?.[part.action_id] ?? [];
            const next = event.target.checked ? [...now, option.value] : now.filter?.((v) => v !== option.value);
            changed(block, part, context, single ? option.value : next);
          },
        }),
        h("span", {}, context.text(option.text), option.description ? h("small", {}, context.text(option.description)) : null),
      ),
    ),
  );
}

function textInput(block, part, context) {
  const value = held(block, part, context, part.initial_value) ?? "";
  const properties = {
    class: "field",
    "data-action-id": part.action_id,
    placeholder: part.placeholder?.text,
    "aria-label": context.label,
    "aria-invalid": context.invalid ? "true" : null,
    "aria-describedby": context.describedby,
    maxlength: part.max_length,
    autofocus: part.focus_on_load,
    value,
    oninput: (event) => hold(block, part, context, event.target.value),
    onkeydown: (event) => {
      const asked = part.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
      if (event.key === "Enter" && block.dispatch_action && asked.includes("on_enter_pressed") && !part.multiline) {
        event.preventDefault();
        context.act(block, part, event.target.value);
      }
    },
  };
  if (part.multiline) return h("textarea", { ...properties, rows: 4 });
  const numeric = part.type === "number_input";
  return h("input", { ...properties, type: "text", inputmode: numeric ? (part.is_decimal_allowed ? "decimal" : "numeric") : null });
}

function picker(block, part, context) {
  const day = part.type === "datepicker";
  return h("input", {
    class: "field short",
    type: day ? "date" : "time",
    "data-action-id": part.action_id,
    "aria-label": context.label,
    value: held(block, part, context, day ? part.initial_date : part.initial_time) ?? "",
    onchange: (event) => changed(block, part, context, event.target.value),
  });
}
