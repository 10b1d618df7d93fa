"use strict";
// What the pointer shows: the nearest column's time and values. And the switch between light and dark.
const told = (value, unit) => value === null ? "–" : unit === "%" ? (value * 100).toFixed(2) + "%" :
  value.toLocaleString("en", { maximumFractionDigits: Math.abs(value) < 10 ? 4 : 2 });
for (const plot of document.querySelectorAll(".plot")) {
  const block = plot.parentElement.querySelector("script");
  if (!block) continue;
  const { t, v, n, u, s } = JSON.parse(block.textContent);
  const cursor = plot.querySelector(".cursor"), tip = plot.querySelector(".tip");
  plot.addEventListener("pointermove", event => {
    const box = plot.getBoundingClientRect();
    const at = s[0] + (event.clientX - box.left) / box.width * (s[1] - s[0]);
    let low = 0, high = t.length - 1;
    while (low < high) { const middle = (low + high) >> 1; if (t[middle] < at) low = middle + 1; else high = middle; }
    if (low > 0 && at - t[low - 1] < t[low] - at) low -= 1;
    const place = (t[low] - s[0]) / (s[1] - s[0]) * 100;
    cursor.style.left = place + "%";
    tip.textContent = "";
    const when = document.createElement("b");
    when.textContent = new Date(t[low]).toISOString().slice(0, 16).replace("T", " ");
    tip.append(when);
    n.forEach((name, i) => { const row = document.createElement("div"); row.textContent = name + "  " + told(v[i][low], u); tip.append(row); });
    tip.style.left = place < 50 ? `calc(${place}% + 10px)` : "auto";
    tip.style.right = place < 50 ? "auto" : `calc(${100 - place}% + 10px)`;
    plot.classList.add("on");
  });
  plot.addEventListener("pointerleave", () => plot.classList.remove("on"));
}
document.getElementById("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
});
