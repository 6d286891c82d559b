// What may be typed next in the filter language: fields from the catalogue, operators, and the values that runs have.

import { ask } from "./api.js";

/** @typedef {{ text: string, what: string, from: number, after: string }} Suggestion */

const KINDS = /** @type {Record<string, string>} */ ({
  params: "parameter", tags: "tag", metadata: "metadata", metrics: "metric",
});
const NAME = "(?:\"(?:[^\"\\\\]|\\\\.)*\"|`(?:[^`\\\\]|\\\\.)*`|[^\\s\"'`()=<>!,])+";
const AT_VALUE = new RegExp(`(${NAME})\\s*(?:!?=|(?:NOT\\s+)?IN\\s*\\([^)]*|STARTSWITH)\\s*('(?:[^']|'')*)?$`, "i");
const AT_OPERATOR = new RegExp(`(?:^|[\\s(])(${NAME})\\s+([a-z!<>=]*)$`, "i");
const BEHIND_TEXT = /[')]\s+([a-z]*)$/i;
const AT_FIELD = new RegExp(`(?:^|[\\s(])(${NAME})?$`);
const WORDS = /^(and|or|not|in|between|contains|startswith|matches|is|exists|null|nan|true|false)$/i;
const OPERATORS = ["=", "!=", ">", ">=", "<", "<=", "IN (", "CONTAINS '", "STARTSWITH '", "MATCHES '", "IS NULL"];
const LOGIC = ["AND", "OR"];

/**
 * What may follow a text, and from which place on it replaces what stands there.
 * @param {string} before the text up to the caret
 * @param {{ columns: string[], listed: string[] }} known the columns of runs, and those that have a list of values
 * @param {AbortSignal} signal
 * @returns {Promise<Suggestion[]>}
 */
export async function suggest(before, known, signal) {
  const value = AT_VALUE.exec(before);
  if (value && !WORDS.test(value[1])) {
    const typed = value[2] ?? "";
    return valuesOf(value[1], typed, before.length - typed.length, known, signal);
  }
  if (isInText(before)) return [];
  const behind = BEHIND_TEXT.exec(before);
  if (behind) return matching(LOGIC, behind[1], before.length - behind[1].length, "");
  const operator = AT_OPERATOR.exec(before);
  if (operator && isField(operator[1], known)) {
    return matching(OPERATORS, operator[2], before.length - operator[2].length, "operator");
  }
  if (operator && !WORDS.test(operator[1])) {
    return matching(LOGIC, operator[2], before.length - operator[2].length, "");
  }
  const field = AT_FIELD.exec(before);
  return field ? fieldsOf(field[1] ?? "", before.length - (field[1] ?? "").length, known, signal) : [];
}

/**
 * Fields that begin with a text.
 * @param {string} typed
 * @param {number} from
 * @param {{ columns: string[] }} known
 * @param {AbortSignal} [signal]
 * @returns {Promise<Suggestion[]>}
 */
export async function fieldsOf(typed, from, known, signal) {
  const [kind, ...rest] = typed.split(".");
  const own = known.columns.filter((name) => name.startsWith(typed)).map((text) => ({ text, what: "run", from, after: " " }));
  if (rest.length && !(kind in KINDS)) return own;
  /** @type {Record<string, string>} */
  const query = { limit: "30", prefix: rest.length ? rest.join(".") : typed };
  if (rest.length) query.kind = KINDS[kind];
  const found = await ask("/api/v1/fields", query, signal);
  const others = (found?.items ?? []).map((/** @type {any} */ one) => ({
    text: one.field, what: `${one.kind}, ${one.types.join(" or ")}`, from, after: " ",
  }));
  return [...own, ...others];
}

/**
 * Values of a field that begin with what is typed of one.
 * @param {string} field
 * @param {string} typed
 * @param {number} from
 * @param {{ listed: string[] }} known
 * @param {AbortSignal} [signal]
 * @returns {Promise<Suggestion[]>}
 */
async function valuesOf(field, typed, from, known, signal) {
  const values = await knownValues(field, typed.replace(/^'/, "").replaceAll("''", "'"), known, signal);
  return values.map((value) => ({
    text: typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : String(value), what: "", from, after: " ",
  })).filter(({ text }) => text.startsWith(typed) && text !== typed);
}

/**
 * The values that runs have at a field; none where the service keeps no list of them.
 * @param {string} field
 * @param {string} prefix
 * @param {{ listed: string[] }} known
 * @param {AbortSignal} [signal]
 * @returns {Promise<(string | number | boolean)[]>}
 */
export async function knownValues(field, prefix, known, signal) {
  const name = field.replace(/^run\./, "");
  if (!/^(params|tags|metadata)\.[^.]/.test(field) && !known.listed.includes(name)) return [];
  const found = await ask("/api/v1/fields/values", { field, prefix, limit: "30" }, signal);
  return (found?.items ?? []).map((/** @type {any} */ one) => one.value);
}

/**
 * @param {string} text
 * @param {{ columns: string[] }} known
 */
function isField(text, known) {
  return known.columns.includes(text.replace(/^run\./, "")) || /^(params|tags|metadata|metrics)\../.test(text);
}

/** Whether the caret stands in a text in quotes: an odd number of them is before it. @param {string} before */
function isInText(before) {
  return (before.replace(/"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`/g, "").match(/'/g) ?? []).length % 2 === 1;
}

/**
 * @param {string[]} words
 * @param {string} typed
 * @param {number} from
 * @param {string} what
 * @returns {Suggestion[]}
 */
function matching(words, typed, from, what) {
  return words.filter((word) => word.startsWith(typed.toUpperCase()) && word !== typed).map((text) => ({
    text, what, from, after: /[('L]$/.test(text) && text !== "IS NULL" ? "" : " ",
  }));
}
