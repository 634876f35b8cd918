// The common emoji codes. An unknown code stays as typed, as Slack does.

const CODES = `
100 💯|+1 👍|-1 👎|alarm_clock ⏰|arrow_down ⬇️|arrow_forward ▶️|arrow_right ➡️|arrow_up ⬆️|arrows_counterclockwise 🔄
art 🎨|ballot_box_with_check ☑️|balloon 🎈|bar_chart 📊|bell 🔔|black_square_for_stop ⏹️|blue_book 📘|books 📚|boom 💥
bookmark 🔖|brain 🧠|bug 🐛|bulb 💡|calendar 📆|chart_with_downwards_trend 📉|chart_with_upwards_trend 📈|checkered_flag 🏁
clap 👏|clipboard 📋|clock1 🕐|clock3 🕒|cloud ☁️|coin 🪙|computer 💻|construction 🚧|credit_card 💳|cry 😢|dart 🎯
desktop_computer 🖥️|dollar 💵|exclamation ❗|eyes 👀|fast_forward ⏩|file_folder 📁|fire 🔥|floppy_disk 💾|gear ⚙️
gem 💎|green_heart 💚|grey_exclamation ❕|grey_question ❔|grinning 😀|hammer 🔨|hammer_and_wrench 🛠️|heart ❤️
heavy_check_mark ✔️|heavy_multiplication_x ✖️|hourglass ⌛|hourglass_flowing_sand ⏳|hugging_face 🤗|hugs 🤗
information_source ℹ️|joy 😂|key 🔑|label 🏷️|large_blue_circle 🔵|large_green_circle 🟢|large_orange_circle 🟠
large_yellow_circle 🟡|link 🔗|lock 🔒|loudspeaker 📢|mag 🔍|memo 📝|money_with_wings 💸|moneybag 💰|muscle 💪
musical_note 🎵|new 🆕|no_entry ⛔|no_entry_sign 🚫|octagonal_sign 🛑|ok_hand 👌|open_file_folder 📂|package 📦
page_facing_up 📄|paperclip 📎|party_popper 🎉|pause_button ⏸️|pencil ✏️|pencil2 ✏️|point_down 👇|point_right 👉|pray 🙏
pushpin 📌|question ❓|raised_hands 🙌|recycle ♻️|red_circle 🔴|repeat 🔁|robot_face 🤖|rocket 🚀|rotating_light 🚨
running 🏃|satellite 📡|scales ⚖️|scroll 📜|seedling 🌱|shield 🛡️|slightly_smiling_face 🙂|smile 😄|snail 🐌|snake 🐍
sparkles ✨|speech_balloon 💬|star ⭐|stop_sign 🛑|stopwatch ⏱️|tada 🎉|test_tube 🧪|thinking_face 🤔|thought_balloon 💭
thumbsdown 👎|thumbsup 👍|timer_clock ⏲️|tools 🛠️|traffic_light 🚥|triangular_flag_on_post 🚩|triangular_ruler 📐
trophy 🏆|turtle 🐢|unlock 🔓|warning ⚠️|wastebasket 🗑️|wave 👋|white_check_mark ✅|white_circle ⚪|wrench 🔧|x ❌|zap ⚡
zzz 💤|arrow_up_small 🔼|arrow_down_small 🔽|double_vertical_bar ⏸️|black_circle ⚫|small_blue_diamond 🔹|heavy_minus_sign ➖
small_orange_diamond 🔸|heavy_plus_sign ➕|left_right_arrow ↔️|mortar_board 🎓|microscope 🔬|abacus 🧮|card_index_dividers 🗂️`;

const EMOJI = new Map(
  CODES.trim().split(/[|\n]/).map((pair) => {
    const at = pair.lastIndexOf(" ");
    return [pair.slice(0, at), pair.slice(at + 1)];
  }),
);

/** The character of a code; undefined: unknown. */
export function emoji(code) {
  return EMOJI.get(code);
}
