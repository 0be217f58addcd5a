// @pulumi/pulumi loads npm's arborist at every start, and with it a hundred packages, for one purpose: to pack the modules that a function
// needs when it becomes a cloud function. This program has none, and its start is a third shorter without (package.json, "overrides").
class Arborist {
  constructor() {
    throw new Error("This project leaves @npmcli/arborist out (package.json, overrides): take the override away to serialise functions.");
  }
}

module.exports = { Arborist, default: Arborist };
