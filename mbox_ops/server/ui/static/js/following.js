/** Looking again and again at what changes, less often while nothing does. */

const EVERY = 10_000; // milliseconds
const RAREST = 120_000;

/**
 * Look for ever, while the page is seen.
 * @param {() => Promise<boolean | null>} look whether anything has changed; null where it cannot be known
 */
export function follow(look) {
  let wait = EVERY;
  const again = async () => {
    const changed = document.hidden ? null : await look();
    if (changed !== null) wait = changed ? EVERY : Math.min(wait * 1.5, RAREST);
    setTimeout(again, wait);
  };
  setTimeout(again, wait);
}
