// Small comforts; every page works without them.

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const said = button.textContent;
    try {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select and copy";
    }
    setTimeout(() => { button.textContent = said; }, 2000);
  });
}

// The reader's own time stands beside UTC where it differs, with its date where that differs as well.
const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
function inLocalTime(part) {
  for (const time of part.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    time.title = `${local.format(moment)} your time`;
    if (!("beside" in time.dataset) || !moment.getTimezoneOffset()) continue;
    const format = moment.getDate() === moment.getUTCDate() ? clock : local;
    time.insertAdjacentText("afterend", ` · ${format.format(moment)} your time`);
  }
}
inLocalTime(document);

// The limits beside the amount are those of the way to pay that is chosen.
for (const choice of document.querySelectorAll("input[name=provider][data-limits]")) {
  choice.addEventListener("change", () => {
    document.getElementById("limits").textContent = choice.dataset.limits;
  });
}

// A part of a page with `data-follow` is loaded again after so many seconds, until it comes without; not while somebody
// is at it. Then the whole page is shown as it is now: what was said of the last form is over.
function follow(part) {
  setTimeout(async () => {
    if (part.contains(document.activeElement) || part.querySelector("details[open]")) return follow(part);
    try {
      const answer = await fetch(location.pathname);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById(part.id);
      if (!fresh) return location.reload();
      const main = document.querySelector("main");
      const whole = !fresh.dataset.follow && !main.contains(document.activeElement);
      const now = whole ? page.querySelector("main") : fresh;
      inLocalTime(now);
      (whole ? main : part).replaceWith(now);
      if (fresh.dataset.follow) follow(fresh);
    } catch {
      follow(part);
    }
  }, part.dataset.follow * 1000);
}
for (const part of document.querySelectorAll("[data-follow]")) follow(part);

// One press of a button sends a form once; going back makes the button work again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// The menu of the account closes when one looks elsewhere.
for (const menu of document.querySelectorAll("details.menu")) {
  document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}
