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

const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
for (const time of document.querySelectorAll("time[datetime]")) {
  const text = `${local.format(new Date(time.dateTime))} your time`;
  time.title = text;
  if ("beside" in time.dataset) time.insertAdjacentText("afterend", ` · ${text}`);
}

// The limits beside the amount are those of the way to pay that is chosen.
for (const choice of document.querySelectorAll("input[name=provider][data-limits]")) {
  choice.addEventListener("change", () => {
    document.getElementById("limits").textContent = choice.dataset.limits;
  });
}

// One press of a button sends a form once; going back makes the button work again.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
