/** How numbers and instants are written: as a metric's label says (`format_string`), or with six significant digits. */

const PRINTF = /%([-+ 0]*)(\d{1,2})?(?:\.(\d{1,2}))?([dieEfFgGs%])/g;
const BYTES = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
/** @type {[string, number][]} */
const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1], ["ms", 1e-3], ["µs", 1e-6]];

/**
 * A number as a person reads it.
 * @param {number} value
 * @param {string} [format] `percentage`, `number`, `scientific`, `duration` (of seconds), `bytes`, or as of printf
 * @returns {string}
 */
export function formatNumber(value, format = "") {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  if (format === "percentage") return `${plain(value * 100, 4)} %`;
  if (format === "scientific") return exponent(value, 3);
  if (format === "duration") return duration(value);
  if (format === "bytes") return bytes(value);
  if (format.includes("%")) return printf(value, format);
  return plain(value, 6);
}

/**
 * @param {number} value
 * @param {number} digits that are significant
 * @returns {string}
 */
function plain(value, digits) {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e9)) return exponent(value, digits - 1);
  if (Number.isInteger(value)) return value.toLocaleString("en-US").replaceAll(",", "\u202f");
  return String(Number(value.toPrecision(digits)));
}

/**
 * @param {number} value
 * @param {number} digits behind the point, at most
 * @returns {string}
 */
function exponent(value, digits) {
  const [mantissa, power] = value.toExponential(digits).split("e");
  return `${Number(mantissa)}e${Number(power)}`;
}

/**
 * Seconds as the two largest units that say something.
 * @param {number} seconds
 * @returns {string}
 */
export function duration(seconds) {
  const sign = seconds < 0 ? "−" : "";
  const size = Math.abs(seconds);
  if (size === 0) return "0 s";
  const at = UNITS.findIndex(([, unit]) => size >= unit);
  const [name, unit] = UNITS[at < 0 ? UNITS.length - 1 : at];
  if (unit <= 1) return `${sign}${Number((size / unit).toPrecision(4))} ${name}`;
  const [lowerName, lowerUnit] = UNITS[at + 1];
  let whole = Math.floor(size / unit);
  let rest = Math.round((size - whole * unit) / lowerUnit);
  if (rest * lowerUnit >= unit) [whole, rest] = [whole + 1, 0];
  return `${sign}${whole} ${name}${rest ? ` ${rest} ${lowerName}` : ""}`;
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
  return `${Number(size.toPrecision(4))} ${BYTES[unit]}`;
}

/**
 * @param {number} value
 * @param {string} format
 * @returns {string}
 */
function printf(value, format) {
  return format.slice(0, 64).replace(PRINTF, (_, flags, width, precision, kind) => {
    if (kind === "%") return "%";
    const size = precision === undefined ? 6 : Math.min(Number(precision), 20);
    let text = printed(Math.abs(value), kind, size);
    if (value < 0 || Object.is(value, -0)) text = `-${text}`;
    else if (flags.includes("+")) text = `+${text}`;
    else if (flags.includes(" ")) text = ` ${text}`;
    const room = Math.min(Number(width ?? 0), 40);
    if (flags.includes("-")) return text.padEnd(room);
    if (!flags.includes("0")) return text.padStart(room);
    const sign = /^[-+ ]/.test(text) ? text[0] : "";
    return sign + text.slice(sign.length).padStart(room - sign.length, "0");
  });
}

/**
 * @param {number} value not negative
 * @param {string} kind
 * @param {number} size
 * @returns {string}
 */
function printed(value, kind, size) {
  if (kind === "d" || kind === "i") return String(Math.trunc(value));
  if (kind === "f" || kind === "F") return value.toFixed(size);
  if (kind === "s") return String(value);
  const upper = kind === "E" || kind === "G";
  const text = kind === "e" || kind === "E" ? padded(value.toExponential(size)) : general(value, Math.max(size, 1));
  return upper ? text.toUpperCase() : text;
}

/**
 * @param {number} value
 * @param {number} digits
 * @returns {string}
 */
function general(value, digits) {
  const power = value === 0 ? 0 : Number(value.toExponential(digits - 1).split("e")[1]);
  if (power < -4 || power >= digits) return padded(exponent(value, digits - 1));
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
