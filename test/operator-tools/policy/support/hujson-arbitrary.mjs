import fc from "fast-check";

const SECTIONS = ["groups", "tagowners", "acls", "grants", "autoapprovers", "tests"];
const SELECTORS = ["group:ops", "alice@example.org", "tag:db", "*", "10.1.0.0/16", "autogroup:member", "ipset:offices"];

const selectors = fc.array(fc.constantFrom(...SELECTORS), { minLength: 1, maxLength: 3 });
const ports = fc.constantFrom("*", "22", "80,443", "8000-8099");
const aclRule = fc.record({
  action: fc.constant("accept"),
  src: selectors,
  dst: fc.tuple(fc.constantFrom(...SELECTORS), ports).map(([to, port]) => [`${to}:${port}`]),
});
const grantRule = fc.record({ src: selectors, dst: selectors, ip: fc.tuple(ports) }, { requiredKeys: ["src", "dst"] });
const test = fc.record({ src: fc.constantFrom("alice@example.org", "tag:db"), accept: fc.constant(["tag:db:22"]) });

// Reading JSON into a plain object would lose such a key.
const isPlainKey = (key) => key !== "__proto__" && !SECTIONS.includes(key.toLowerCase());
const anything = fc.dictionary(
  fc.oneof(fc.string(), fc.constantFrom("ssh", "nodeAttrs", "hosts", "derpMap")).filter(isPlainKey),
  fc.jsonValue({ maxDepth: 2 }).filter((value) => !JSON.stringify(value).includes("__proto__")),
  { maxKeys: 3 },
);

const policy = fc
  .record(
    {
      groups: fc.constant({ "group:ops": ["alice@example.org"] }),
      tagOwners: fc.constantFrom(
        { "tag:k3s-admin": [] },
        { "tag:db": ["group:ops"], "tag:k3s-admin": ["autogroup:admin"] },
        {
          "tag:k3s-edge": ["tag:db"],
          "tag:k3s-admin": [],
        },
      ),
      autoApprovers: fc.constantFrom(
        {},
        { routes: {} },
        { exitNode: ["tag:db"] },
        { routes: { "10.1.0.0/16": ["tag:db"], "10.52.0.0/16": [] } },
      ),
      acls: fc.array(aclRule, { maxLength: 3 }),
      grants: fc.array(grantRule, { maxLength: 3 }),
      tests: fc.array(test, { maxLength: 2 }),
    },
    { requiredKeys: ["groups", "tagOwners"] },
  )
  .filter(({ acls, grants }) => acls !== undefined || grants !== undefined);

const TRIVIA = [
  "",
  "",
  " ",
  "  ",
  "\t",
  "\n",
  "\n  ",
  "\n\n\t",
  " // why\n",
  "/* why */",
  "/* a\n   b */",
  '// "acls": [\n',
  "/* ] } */ ",
  "// hybrid-k3s\n",
];

/** Policies as people may write them: {text}, any layout, comments and trailing commas anywhere. */
export const policyText = fc
  .record({
    policy,
    extra: anything,
    order: fc.nat(5),
    trivia: fc.array(fc.constantFrom(...TRIVIA), { minLength: 1, maxLength: 40 }),
    commas: fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }),
    eol: fc.constantFrom("\n", "\r\n"),
  })
  .map(({ policy: sections, extra, order, trivia, commas, eol }) => {
    const keys = Object.entries({ ...sections, ...extra });
    const turned = [...keys.slice(order), ...keys.slice(0, order)];
    return render(Object.fromEntries(turned), { blank: cycle(trivia), comma: cycle(commas) }).replaceAll("\n", eol);
  });

function render(root, { blank, comma }) {
  const list = (items, [open, close]) => {
    const trailing = items.length > 0 && comma() ? `,${blank()}` : "";
    return `${open}${items.map((item) => `${blank()}${item()}${blank()}`).join(",")}${trailing}${items.length === 0 ? blank() : ""}${close}`;
  };
  const write = (value) => {
    if (Array.isArray(value))
      return list(
        value.map((item) => () => write(item)),
        "[]",
      );
    if (typeof value !== "object" || value === null) return JSON.stringify(value);
    return list(
      Object.entries(value).map(
        ([key, item]) =>
          () =>
            `${JSON.stringify(key)}${blank()}:${blank()}${write(item)}`,
      ),
      "{}",
    );
  };
  return `${blank()}${write(root)}${blank()}`;
}

function cycle(values) {
  let next = 0;
  return () => values[next++ % values.length];
}
