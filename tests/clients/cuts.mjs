// Telling a server that went away from one that misbehaves.

// The connection was there, and the answer did not come: the request may have been carried out.
const CUT = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'];

function hasCode(error, codes) {
  return codes.includes(error?.code) || codes.includes(error?.cause?.code);
}

// Nobody listened: the request was certainly not carried out.
export function isRefused(error) {
  return hasCode(error, ['ECONNREFUSED']);
}

export function isCut(error) {
  return isRefused(error) || hasCode(error, CUT);
}
