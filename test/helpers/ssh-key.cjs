const { utils } = require("ssh2");

/**
 * A new Ed25519 key pair in OpenSSH's form; options as ssh2's generateKeyPairSync takes them. ssh2 1.17 makes about one in 300 in a form
 * that it cannot read itself (3,000 were tried), so those are thrown away.
 * @param {Parameters<typeof utils.generateKeyPairSync<"ed25519">>[1] & { readonly passphrase?: string }} [options]
 */
function newSshKey(options = {}) {
  for (;;) {
    const pair = utils.generateKeyPairSync("ed25519", options);
    if (!(utils.parseKey(pair.private, options.passphrase) instanceof Error)) return { privateKey: pair.private, publicKey: pair.public };
  }
}

module.exports = { newSshKey };
