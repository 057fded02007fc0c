// How well a name fits what someone types: case, accents and one slip per word are forgiven.

const SLIP_FROM = 4; // letters below which a slip can't be told from another word

/** Letters without case and accents, so that "resume" finds "Résumé". */
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** True if one letter added, left out, changed or swapped makes the one word the beginning of the other. */
function isNear(word, wanted) {
  for (let at = 0; at < wanted.length; at++) {
    if (word[at] === wanted[at]) continue;
    const rest = wanted.slice(at + 1);
    return (
      word.startsWith(rest, at + 1) || // another letter
      word.startsWith(rest, at) || // one too many
      word.startsWith(wanted.slice(at), at + 1) || // one left out
      (word[at] === wanted[at + 1] &&
        word[at + 1] === wanted[at] &&
        word.startsWith(wanted.slice(at + 2), at + 2)) // two swapped
    );
  }
  return true;
}

/** How well the words fit: 0 not at all, more is better. Each word must begin a word, or stand somewhere inside. */
export function fit(label, query) {
  const text = plain(label);
  const words = text.split(/[^\p{L}\p{N}]+/u);
  let score = 1;
  for (const part of plain(query).split(/\s+/).filter(Boolean)) {
    const at = text.indexOf(part);
    if (at >= 0) score += at === 0 ? 4 : /\W/.test(text[at - 1]) ? 2 : 1;
    else if (part.length >= SLIP_FROM && words.some((word) => isNear(word, part))) score += 0.5;
    else return 0;
  }
  return score;
}
