/**
 * How numbers and instants are written: as a metric's label says (`format_string`), or with five significant digits.
 * `ui/metric_formats.py` is its twin for what comes with the page.
 */

const PRINTF = /%([-+ 0]*)(\d{1,2})?(?:\.(\d{1,2}))?([dieEfFgG%])/g;
const PRECISION = /\.(\d{1,2})(?=[eEfFgG])/g;
const MORE = 6; // digits
const LONGEST = 64;
const WIDEST = 40;
const FINEST = 20;
const BYTES = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
/** @type {Record<string, (value: number) => string>} */
const NAMED = {
  percentage: (value) => `${general(value * 100, 4)} %`,
  number: plain,
  scientific: (value) => padded(value.toExponential(3)),
  duration,
  bytes,
};

/**
 * A number as a person reads it.
 * @param {number} value
 * @param {string} [format] `percentage`, `number`, `scientific`, `duration` (of seconds), `bytes`, or as of printf
 * @returns {string}
 */
export function formatNumber(value, format = "") {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  if (Object.hasOwn(NAMED, format)) return NAMED[format](value);
  return format.includes("%") ? printf(value, format) : plain(value);
}

/**
 * The marks of an axis: where two that differ would read the same, all have more digits than the format says.
 * @param {number[]} values
 * @param {string} [format]
 * @returns {string[]}
 */
export function formatMarks(values, format = "") {
  let texts = values.map((value) => formatNumber(value, format));
  for (let more = 1; more <= MORE && new Set(texts).size < new Set(values).size; more += 1) {
    const finer = format.replace(PRECISION, (_, digits) => `.${Number(digits) + more}`);
    texts = values.map((value) => formatNumber(value, finer));
  }
  return texts;
}

/**
 * A number that counts or numbers something: whole ones with their thousands parted.
 * @param {number} value
 * @returns {string}
 */
export function formatCount(value) {
  return Number.isInteger(value) ? value.toLocaleString("en-US").replaceAll(",", "\u202f") : plain(value);
}

/**
 * @param {number} value
 * @returns {string}
 */
function plain(value) {
  return Number.isInteger(value) && Math.abs(value) < 1e9 ? String(value + 0) : general(value, 5);
}

/**
 * What C's `%g` gives.
 * @param {number} value
 * @param {number} digits that are significant
 * @returns {string}
 */
function general(value, digits) {
  const [mantissa, power] = value.toExponential(digits - 1).split("e");
  if (value !== 0 && (Number(power) < -4 || Number(power) >= digits)) return padded(`${Number(mantissa)}e${power}`);
  return String(Number(value.toPrecision(digits)));
}

/**
 * An exponent of two digits at least, as C writes it.
 * @param {string} text
 * @returns {string}
 */
function padded(text) {
  return text.replace(/e([-+]?)(\d+)$/, (_, sign, power) => `e${sign || "+"}${power.padStart(2, "0")}`);
}

/**
 * Seconds in at most two units.
 * @param {number} seconds
 * @returns {string}
 */
export function duration(seconds) {
  if (seconds < 0) return `-${duration(-seconds)}`;
  if (seconds < 1) return `${(seconds * 1000).toFixed(0)} ms`;
  if (seconds < 60) return `${general(seconds, 3)} s`;
  const [minutes, rest] = parts(Math.round(seconds), 60);
  if (minutes < 60) return rest ? `${minutes} min ${rest} s` : `${minutes} min`;
  const [hours, over] = parts(minutes, 60);
  if (hours < 24) return over ? `${hours} h ${over} min` : `${hours} h`;
  const [days, left] = parts(hours, 24);
  return left ? `${days} d ${left} h` : `${days} d`;
}

/**
 * @param {number} value
 * @param {number} unit
 */
function parts(value, unit) {
  return [Math.floor(value / unit), value % unit];
}

/**
 * @param {number} value
 * @returns {string}
 */
function bytes(value) {
  let size = value;
  let unit = 0;
  while (Math.abs(size) >= 1024 && unit < BYTES.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${general(size, 4)} ${BYTES[unit]}`;
}

/**
 * @param {number} value
 * @param {string} format
 * @returns {string}
 */
function printf(value, format) {
  return format.slice(0, LONGEST).replace(PRINTF, (_, flags, width, precision, kind) => {
    if (kind === "%") return "%";
    const text = printed(Math.abs(value), kind, precision === undefined ? 6 : Math.min(Number(precision), FINEST));
    const whole = kind === "d" || kind === "i" ? Math.trunc(value) : value;
    const sign = whole < 0 || (Object.is(value, -0) && whole === value && kind !== "d" && kind !== "i") ? "-" : "";
    const signed = sign || (flags.includes("+") ? "+" : flags.includes(" ") ? " " : "");
    const room = Math.min(Number(width ?? 0), WIDEST);
    if (flags.includes("-")) return (signed + text).padEnd(room);
    if (flags.includes("0")) return signed + text.padStart(room - signed.length, "0");
    return (signed + text).padStart(room);
  });
}

/**
 * @param {number} value not negative
 * @param {string} kind
 * @param {number} digits
 * @returns {string}
 */
function printed(value, kind, digits) {
  if (kind === "d" || kind === "i") return String(Math.trunc(value));
  if (kind === "f" || kind === "F") return value.toFixed(digits);
  const lower = kind.toLowerCase();
  const text = lower === "e" ? padded(value.toExponential(digits)) : general(value, Math.max(digits, 1));
  return kind === lower ? text : text.toUpperCase();
}

/**
 * An instant, in the reader's time zone.
 * @param {number} seconds since 1970 UTC
 * @returns {string}
 */
export function formatInstant(seconds) {
  const when = new Date(seconds * 1000);
  /** @type {(value: number) => string} */
  const two = (value) => String(value).padStart(2, "0");
  const day = `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())}`;
  return `${day} ${two(when.getHours())}:${two(when.getMinutes())}:${two(when.getSeconds())}`;
}
