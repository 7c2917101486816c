// Makes ready what textual.js takes from the page: how large the letters are, and where the websocket is.

const FONT_SIZE = 16;
const LEAST_FONT_SIZE = 8;
const COLUMNS = 60; // that karin-tui needs
const CELL = 0.6; // of Roboto Mono: its width, where its size is 1

const terminal = document.getElementById("terminal");

const fitting = Math.floor((document.documentElement.clientWidth / (COLUMNS * CELL)) * 2) / 2;
terminal.dataset.fontSize = Math.min(FONT_SIZE, Math.max(LEAST_FONT_SIZE, fitting));

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
const socket = new URL(`ws/${terminal.dataset.ticket}/${zone}`, location.href);
socket.protocol = location.protocol === "https:" ? "wss:" : "ws:";
socket.search = "";
terminal.dataset.sessionWebsocketUrl = socket.href;

// textual.js begins when the page is loaded; a letter that it measures before the font is there has the wrong size.
const begin = window.onload;
window.onload = async (event) => {
  const faces = ["", "bold "].map((weight) => document.fonts.load(`${weight}${FONT_SIZE}px "Roboto Mono"`));
  await Promise.allSettled(faces);
  begin(event);
};

// Keys are for the terminal as soon as there is one; textual.js can tell karin-tui so only when it is connected.
const arrival = new MutationObserver(() => {
  if (document.body.classList.contains("-first-byte")) {
    arrival.disconnect();
    terminal.querySelector("textarea").focus();
  }
});
arrival.observe(document.body, { attributeFilter: ["class"] });

// The keyboard of a phone covers the page without making it smaller.
window.visualViewport?.addEventListener("resize", () => {
  document.body.style.height = `${window.visualViewport.height}px`;
  window.dispatchEvent(new Event("resize"));
});

// ctrl+v is the browser's: the terminal would send the key, and karin-tui knows only its own clipboard.
terminal.addEventListener(
  "keydown",
  (event) => {
    if (event.ctrlKey && event.code === "KeyV") {
      event.stopPropagation();
    }
  },
  { capture: true },
);

for (const button of document.querySelectorAll("#keys button")) {
  button.addEventListener("pointerdown", (event) => {
    event.preventDefault(); // the terminal keeps the focus, and a phone its keyboard
    const key = { key: button.dataset.key, keyCode: Number(button.dataset.code), bubbles: true };
    terminal.querySelector("textarea").dispatchEvent(new KeyboardEvent("keydown", key));
  });
}
