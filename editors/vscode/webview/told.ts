// A bar with a sentence and the button that helps; hidden where there is nothing to say.

export function showTold(bar: HTMLElement, told: { message: string; button?: string } | undefined): void {
  const [words, button] = [bar.querySelector("span"), bar.querySelector("button")];
  bar.hidden = told === undefined;
  if (words) words.textContent = told?.message ?? "";
  if (!button) return;
  button.hidden = told?.button === undefined;
  button.textContent = told?.button ?? "";
}
