// What the page knows of the workspace, kept fresh by server-sent events, and the acts of the person who looks.

export const store = {
  me: localStorage.getItem("user") ?? "U0ASKER",
  team: {},
  app: {},
  users: new Map(),
  people: [],
  channels: new Map(),
  commands: [],
  shortcuts: [],
  messages: new Map(),
  ephemerals: [],
  statuses: new Map(),
  modals: [],
  home: null,
  connected: true,
  online: true,
  //: Where one is: a channel's id, or "app".
  place: "C0FINETUNE",
  tab: "home",
  thread: null,
  unread: new Map(),
  //: What was entered but not sent, by message ts or view id.
  entered: new Map(),
  //: What went wrong with the last click, by message ts or view id.
  troubles: new Map(),
};

const listeners = new Set();
let stream = null;

/** Call `act(kind, change)` on every change. */
export function listen(act) {
  listeners.add(act);
}

export function announce(kind, change = {}) {
  for (const act of listeners) act(kind, change);
}

/** Do something as the person who looks; never throws: {ok, error}. */
export async function act(name, body = {}) {
  try {
    const response = await fetch(`/_slack/${name}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ user: store.me, ...body }),
    });
    return await response.json();
  } catch {
    return { ok: false, error: "offline", said: "The workspace cannot be reached. Is it still running?" };
  }
}

/** Become `user`: follow what changes for them, then load what they see. */
export async function enter(user) {
  store.me = user;
  localStorage.setItem("user", user);
  await follow();
  if (!store.channels.has(store.place) && store.place !== "app") store.place = [...store.channels.keys()][0];
  announce("entered");
}

//: Changes that arrive while everything is being read; null: nothing is being read.
let waiting = null;

async function refresh() {
  waiting ??= [];
  const known = await (await fetch(`/_slack/bootstrap?user=${encodeURIComponent(store.me)}`)).json();
  Object.assign(store, {
    team: known.team,
    app: known.app,
    people: known.people,
    commands: known.commands,
    shortcuts: known.shortcuts,
    users: new Map(known.users.map((user) => [user.id, user])),
    channels: new Map(known.channels.map((channel) => [channel.id, channel])),
    messages: new Map(Object.entries(known.messages).map(([id, list]) => [id, new Map(list.map((m) => [m.ts, m]))])),
    ephemerals: known.ephemerals,
    statuses: new Map(known.statuses.map(([channel, ts, words]) => [`${channel} ${ts}`, words])),
    modals: known.modals,
    home: known.home,
    connected: known.connected,
  });
  const missed = waiting;
  waiting = null;
  missed.forEach(apply);
}

/** Open the stream of changes; done once it is open and everything was read after that, so that nothing is missed. */
function follow() {
  stream?.close();
  stream = new EventSource(`/_slack/events?user=${encodeURIComponent(store.me)}`);
  const mine = stream;
  return new Promise((resolve, reject) => {
    mine.onopen = async () => {
      try {
        await refresh();
      } catch (error) {
        return reject(error);
      }
      const gap = !store.online;
      store.online = true;
      announce("online");
      if (gap) announce("entered");
      return resolve();
    };
    mine.onerror = () => {
      store.online = false;
      announce("online");
      reject(new Error("the stream broke"));
    };
    mine.onmessage = (event) => {
      const change = JSON.parse(event.data);
      if (waiting) waiting.push(change);
      else apply(change);
      announce(change.kind, change);
    };
  });
}

function apply(change) {
  switch (change.kind) {
    case "message": {
      const list = store.messages.get(change.channel) ?? new Map();
      const isNew = !list.has(change.message.ts);
      store.messages.set(change.channel, list.set(change.message.ts, change.message));
      if (isNew && change.message.user !== store.me && change.channel !== whereNow()) {
        store.unread.set(change.channel, (store.unread.get(change.channel) ?? 0) + 1);
      }
      break;
    }
    case "deleted":
      store.messages.get(change.channel)?.delete(change.ts);
      break;
    case "ephemeral": {
      const at = store.ephemerals.findIndex((m) => m.ts === change.message.ts);
      if (at < 0) store.ephemerals.push(change.message);
      else store.ephemerals[at] = change.message;
      break;
    }
    case "ephemeral_deleted":
      store.ephemerals = store.ephemerals.filter((m) => m.ts !== change.ts);
      break;
    case "status": {
      const key = `${change.channel} ${change.thread_ts}`;
      if (!change.status) store.statuses.delete(key);
      else {
        store.statuses.set(key, change.status);
        setTimeout(() => store.statuses.get(key) === change.status && store.statuses.delete(key) && announce("status"), change.seconds * 1000);
      }
      break;
    }
    case "modals":
      store.modals = change.modals;
      break;
    case "home":
      store.home = change.view;
      break;
    case "connected":
      store.connected = change.connected;
      break;
    case "channels":
      refresh().then(() => announce("entered"));
      break;
  }
}

/** The channel whose messages are shown; undefined: none. */
export function whereNow() {
  if (store.place !== "app") return store.place;
  return store.tab === "messages" ? [...store.channels.values()].find((c) => c.is_im)?.id : undefined;
}

/** How ids are shown to people. */
export const names = {
  get me() {
    return store.me;
  },
  user: (id) => {
    const user = store.users.get(id);
    return user && (user.profile.display_name || user.real_name);
  },
  channel: (id) => store.channels.get(id)?.name,
};

/** The messages of a channel (thread null) or of a thread, ephemerals among them, oldest first. */
export function listed(channel, thread = null) {
  const all = [...(store.messages.get(channel)?.values() ?? [])];
  const parentOf = (m) => (m.thread_ts && m.thread_ts !== m.ts ? m.thread_ts : null);
  const shown = thread
    ? all.filter((m) => m.ts === thread || parentOf(m) === thread)
    : all.filter((m) => !parentOf(m) || m.subtype === "thread_broadcast");
  const mine = store.ephemerals.filter((m) => m.channel === channel && parentOf(m) === thread);
  return [...shown, ...mine].sort((a, b) => Number(a.ts) - Number(b.ts));
}

//: Slack's own words for what can happen to anybody.
const SAID = {
  message_not_found: "This message was deleted meanwhile.",
  no_such_element: "This has changed meanwhile. Look at it again before you press anything.",
  view_not_found: "This window is no longer open for the app. Close it and begin again.",
  not_in_channel: "You are not a member of this channel.",
  invalid_view: "The app answered with a window that cannot be shown. Try again, or tell whoever runs the app.",
};

/** What the app answered to a click, for people: "" when all is well. */
export function trouble(answer) {
  if (answer.ok) return "";
  return answer.said ?? SAID[answer.error] ?? `Something went wrong (${answer.error}).`;
}
