// Shows the rows and answers that have all the words that are typed.
const box = document.querySelector("input");
box.addEventListener("input", () => {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const part of document.querySelectorAll("[data-text]")) {
    part.hidden = !words.every((word) => part.dataset.text.includes(word));
  }
});
