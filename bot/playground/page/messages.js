// Messages: one message, and the list of a channel or a thread.

import { renderBlocks } from "./blocks.js";
import { h, icon, put } from "./dom.js";
import { ago, clock, dayName, emojiNode, link, mrkdwn } from "./mrkdwn.js";
import { openMenu, toast } from "./popover.js";
import { act, announce, listed, names, store, trouble } from "./store.js";

const COLOURS = ["#1264a3", "#8d3cc7", "#2b8a5f", "#c2571a", "#b3245c"];

/** A person's picture: initials on a colour of their own; the app's icon for the app. */
export function avatar(id, size = 36) {
  const style = { width: `${size}px`, height: `${size}px` };
  if (id === store.app.bot) return h("img", { class: "avatar", src: "/page/icon.svg", alt: "", style });
  const name = names.user(id) ?? "?";
  const initials = name.split(/\s+/).slice(0, 2).map((word) => word[0].toUpperCase()).join("");
  const colour = COLOURS[Math.max(store.people.indexOf(id), 0) % COLOURS.length];
  const background = id === store.slackbot || id === "USLACKBOT" ? "#4a154b" : colour;
  return h("span", { class: "avatar", "aria-hidden": "true", style: { ...style, background, fontSize: `${size * 0.4}px` } }, initials);
}

/** What elements.js needs to know of a message. */
function contextOf(message, channel, redraw) {
  const key = message.ts;
  if (!store.entered.has(key)) store.entered.set(key, {});
  const where = { channel, ts: message.ts };
  return {
    names,
    values: store.entered.get(key),
    redraw,
    act: async (block, part, raw) => {
      const said = trouble(await act("click", { ...where, action_id: part.action_id, block_id: block.block_id, value: raw, values: store.entered.get(key) }));
      if (said) store.troubles.set(key, said);
      else store.troubles.delete(key);
      announce("trouble", { channel });
    },
    options: (part, words) => options(part, words, where),
  };
}

export async function options(part, words, where) {
  const answer = await act("options", { ...where, action_id: part.action_id, value: words });
  if (!answer.ok) return { error: answer.error };
  return { groups: answer.option_groups.map((group) => ({ label: group.label?.text, options: group.options })) };
}

/** One message. `compact`: it follows another of the same author. */
export function messageNode(message, { channel, compact, inThread, openThread, redraw }) {
  const at = new Date(Number(message.ts) * 1000);
  const ephemeral = Boolean(message.is_ephemeral);
  const stamp = h("time", { datetime: at.toISOString(), title: at.toLocaleString("en-US") }, clock(at));
  const broadcast = message.subtype === "thread_broadcast" && !inThread;
  const node = h(
    "article",
    {
      class: `message${compact ? " compact" : ""}${ephemeral ? " ephemeral" : ""}`,
      "data-testid": `message-${message.ts}`,
      "data-ts": message.ts,
      "aria-label": `${names.user(message.user)}, ${clock(at)}: ${message.text}`.slice(0, 300),
      tabindex: "-1",
    },
    ephemeral ? h("p", { class: "only-you" }, icon("eye", 14), "Only visible to you") : null,
    broadcast ? h("p", { class: "only-you" }, "replied to a thread: ", h("button", { type: "button", class: "as-link", onclick: () => openThread(message.thread_ts) }, "view thread")) : null,
    h("div", { class: "gutter" }, compact ? stamp : avatar(message.user)),
    h(
      "div",
      { class: "content" },
      compact ? null : h("p", { class: "who" }, h("b", {}, names.user(message.user) ?? "Unknown"), message.bot_id || message.user === "USLACKBOT" ? h("span", { class: "badge" }, "APP") : null, stamp),
      bodyOf(message, channel, redraw),
      store.troubles.has(message.ts) ? h("p", { class: "trouble", role: "alert" }, icon("warning", 14), store.troubles.get(message.ts)) : null,
      message.reactions ? h("p", { class: "reactions" }, message.reactions.map((r) => h("span", { title: r.users.map((u) => names.user(u)).join(", ") }, emojiNode(r.name) ?? `:${r.name}:`, ` ${r.count}`))) : null,
      ephemeral ? h("button", { type: "button", class: "as-link dismiss", onclick: () => act("dismiss", { ts: message.ts }) }, "Dismiss message") : null,
      !inThread && message.reply_count ? threadBar(message, openThread) : null,
      statusOf(message, channel, inThread),
    ),
    ephemeral ? null : tools(message, { channel, inThread, openThread }),
  );
  return node;
}

function bodyOf(message, channel, redraw) {
  if (message.subtype === "channel_join") return h("div", { class: "text system" }, mrkdwn(message.text, names));
  const parts = [];
  if (message.blocks && message.bot_id) parts.push(...renderBlocks(message.blocks, contextOf(message, channel, redraw)));
  else if (message.text) parts.push(h("div", { class: "text" }, mrkdwn(message.text, names), message.edited ? h("small", { class: "edited" }, " (edited)") : null));
  for (const extra of message.attachments ?? []) {
    const inside = extra.blocks ? renderBlocks(extra.blocks, contextOf(message, channel, redraw)) : mrkdwn(extra.text ?? extra.fallback ?? "", names);
    parts.push(h("div", { class: "attachment", style: { borderColor: /^#[0-9a-f]{3,8}$/i.test(extra.color ?? "") ? extra.color : "" } }, inside));
  }
  for (const file of message.files ?? []) parts.push(fileNode(file));
  return h("div", { class: "body" }, parts);
}

function fileNode(file) {
  const size = file.size < 1024 ? `${file.size} bytes` : `${(file.size / 1024).toFixed(1)} kB`;
  return h(
    "figure",
    { class: "file" },
    h("figcaption", {}, icon("file", 20), h("span", {}, link(file.permalink, file.title), h("small", {}, `${file.pretty_type} · ${size}`))),
    file.preview ? h("pre", { tabindex: "0", "aria-label": `Preview of ${file.title}` }, h("code", {}, file.preview)) : null,
  );
}

function threadBar(message, openThread) {
  const count = message.reply_count;
  return h(
    "button",
    { type: "button", class: "thread-bar", "data-testid": `thread-${message.ts}`, onclick: () => openThread(message.ts) },
    message.reply_users.slice(0, 4).map((id) => avatar(id, 24)),
    h("b", {}, `${count} ${count === 1 ? "reply" : "replies"}`),
    h("small", {}, `Last reply ${ago(new Date(Number(message.latest_reply) * 1000))}`),
    h("span", { class: "view" }, "View thread"),
  );
}

function statusOf(message, channel, inThread) {
  const words = store.statuses.get(`${channel} ${message.ts}`);
  if (!words || (inThread && message.reply_count)) return null;
  return h("p", { class: "status", role: "status" }, h("i"), `tunesmith ${words}`);
}

function tools(message, { channel, inThread, openThread }) {
  const more = h(
    "button",
    {
      type: "button",
      "aria-label": "More actions",
      "aria-haspopup": "menu",
      title: "More actions",
      onclick: () => {
        const shortcuts = store.shortcuts.filter((one) => one.type === "message");
        openMenu(
          more,
          [
            { label: "Copy link", symbol: "link", act: () => copyLink(message, channel) },
            ...(shortcuts.length ? ["divider"] : []),
            ...shortcuts.map((one) => ({
              label: one.name,
              hint: store.app.name,
              symbol: "bolt",
              value: one.callback_id,
              act: async () => {
                const said = trouble(await act("shortcut", { callback_id: one.callback_id, channel, ts: message.ts }));
                if (said) toast(said);
              },
            })),
          ],
          { align: "end" },
        );
      },
    },
    icon("more", 18),
  );
  return h(
    "div",
    { class: "tools", role: "toolbar", "aria-label": "Message actions" },
    inThread ? null : h("button", { type: "button", "aria-label": "Reply in thread", title: "Reply in thread", "data-testid": `reply-${message.ts}`, onclick: () => openThread(message.thread_ts ?? message.ts) }, icon("reply", 18)),
    more,
  );
}

async function copyLink(message, channel) {
  await navigator.clipboard?.writeText(`${location.origin}/archives/${channel}/p${message.ts.replace(".", "")}`);
  toast("Link copied", "fine");
}

// --- lists -----------------------------------------------------------------------------------------------------------------

//: Pixels from the end that count as being there.
const NEAR = 80;

/**
 * A scrolling list of messages that redraws only what changed. `sync()` shows the newest state. Whoever reads further up
 * is not moved: a pill tells of what came below.
 */
export function messageList({ channel, thread = null, openThread, intro = null }) {
  const node = h("div", { class: "messages", role: "log", "aria-label": thread ? "Thread" : "Messages", tabindex: "0" });
  const drawn = new Map();
  const pill = h("button", { type: "button", class: "pill", "data-testid": thread ? "new-replies" : "new-messages", hidden: true, onclick: toEnd });
  const frame = h("div", { class: "scroller" }, node, pill);
  let first = true;
  let last = 0;
  let missed = 0;
  let following = true;
  node.addEventListener("scroll", () => {
    following = isAtEnd();
    if (following) tell(0);
  });
  // the composer grows with what is typed, and pictures and fonts come late: the last row stays in sight
  const resized = new ResizeObserver(() => following && toEnd());
  resized.observe(node);

  function isAtEnd() {
    return node.scrollHeight - node.scrollTop - node.clientHeight < NEAR;
  }

  function toEnd() {
    node.scrollTop = node.scrollHeight;
    tell(0);
  }

  function tell(count) {
    missed = count;
    const noun = thread ? ["new reply", "new replies"] : ["new message", "new messages"];
    below(count ? `${count} ${noun[count === 1 ? 0 : 1]}` : "");
  }

  function below(words) {
    pill.hidden = !words;
    put(pill, icon("caret", 14), words);
  }

  function sync() {
    const fresh = listed(channel, thread).filter((message) => Number(message.ts) > last);
    last = Math.max(last, ...fresh.map((message) => Number(message.ts)));
    const stuck = first || isAtEnd() || fresh.some((message) => message.user === store.me);
    // what only I can see answers something that I have just done
    const answer = first ? null : fresh.find((message) => message.is_ephemeral);
    const rows = [];
    let before = null;
    listed(channel, thread).forEach((message, index) => {
      const at = new Date(Number(message.ts) * 1000);
      const day = before ? new Date(Number(before.ts) * 1000).toDateString() : null;
      if (!thread && day !== at.toDateString()) {
        rows.push(kept(`day ${at.toDateString()}`, "", () => h("div", { class: "day" }, h("span", {}, dayName(at)))));
      }
      const compact = Boolean(before) && before.user === message.user && at - Number(before.ts) * 1000 < 300000 && day === at.toDateString() && !message.is_ephemeral && !before.is_ephemeral && message.subtype === before.subtype && !(thread && index === 1);
      const sign = JSON.stringify([message, compact, store.statuses.get(`${channel} ${message.ts}`), store.troubles.get(message.ts)]);
      rows.push(kept(message.ts, sign, () => messageNode(message, { channel, compact, inThread: Boolean(thread), openThread, redraw: () => drawn.delete(message.ts) && sync() })));
      if (thread && index === 0) {
        const count = message.reply_count ?? 0;
        rows.push(kept("count", String(count), () => h("div", { class: "replies" }, h("span", {}, count ? `${count} ${count === 1 ? "reply" : "replies"}` : "No replies yet"), h("hr"))));
      }
      before = message;
    });
    const words = thread && store.statuses.get(`${channel} ${thread}`);
    if (words && drawn.size > 2) rows.push(h("p", { class: "status in-thread", role: "status" }, h("i"), `tunesmith ${words}`));
    arrange(node, [...(intro && !thread ? [kept("intro", "", intro)] : []), ...rows]);
    if (answer) {
      // a long one is read from its beginning
      drawn.get(answer.ts).node.scrollIntoView({ block: "start" });
      following = isAtEnd();
      if (!following) below("More below");
    } else if (stuck) toEnd();
    else if (fresh.length) tell(missed + fresh.length);
    first = false;
  }

  function kept(key, sign, make) {
    const old = drawn.get(key);
    if (old && old.sign === sign) return old.node;
    const made = make();
    drawn.set(key, { sign, node: made });
    return made;
  }

  sync();
  requestAnimationFrame(toEnd);
  return { node: frame, sync };
}

/** Make `node` hold exactly `rows`, touching only what differs (focus inside the others stays). */
function arrange(node, rows) {
  const wanted = new Set(rows);
  for (const child of [...node.childNodes]) if (!wanted.has(child)) child.remove();
  rows.forEach((row, at) => {
    if (node.childNodes[at] !== row) node.insertBefore(row, node.childNodes[at] ?? null);
  });
}

