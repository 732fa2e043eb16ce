// Pictures follow the site's own switch for light and dark, not only the system's.

const DARK = "(prefers-color-scheme: dark)";
const [ALWAYS, NEVER] = ["(min-width: 0)", "(max-width: 0)"];
const sources = [...document.querySelectorAll(`source[media*="${DARK}"]`)].map((one) => [one, one.media]);

function follow() {
  const isDark = document.body.dataset.mdColorScheme === "slate";
  for (const [source, media] of sources) source.media = media.replace(DARK, isDark ? ALWAYS : NEVER);
}

follow();
new MutationObserver(follow).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
