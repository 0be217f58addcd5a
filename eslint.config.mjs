import tseslint from "typescript-eslint";

const nodeGlobals = Object.fromEntries(
  [
    ...["AbortSignal", "Buffer", "Headers", "URL", "URLSearchParams", "clearInterval", "clearTimeout", "console", "fetch", "performance"],
    ...["process", "setImmediate", "setInterval", "setTimeout", "structuredClone"],
  ].map((name) => [name, "readonly"]),
);

// Rules that this repository depends on; formatting is prettier's.
export default tseslint.config(
  { ignores: ["node_modules/", ".lab*/", "**/*.golden.json"] },
  ...tseslint.configs.recommendedTypeChecked.map((preset) => ({ ...preset, files: ["**/*.ts"] })),
  {
    files: ["**/*.ts"],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "max-lines": ["error", { max: 250 }],
    },
  },
  {
    files: ["test/**/*.ts"],
    // node:test's describe and it return promises that its runner awaits.
    rules: {
      "@typescript-eslint/no-floating-promises": [
        "error",
        { allowForKnownSafeCalls: [{ from: "package", name: ["describe", "it", "test", "suite"], package: "node:test" }] },
      ],
    },
  },
  {
    files: [
      "src/plan/**/*.ts",
      "src/catalog/**/*.ts",
      "src/config/*schema*.ts",
      "src/config/validate*.ts",
      "src/config/{rules,values}/**/*.ts",
    ],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            { group: ["@pulumi/*"], message: "plan/, catalog/ and validation are pure data: no Pulumi." },
            {
              group: ["fs", "fs/*", "node:fs", "node:fs/*", "child_process", "node:child_process", "node:net", "node:https"],
              message: "plan/ has no effects.",
            },
            {
              group: ["crypto", "node:crypto"],
              importNames: ["randomBytes", "randomUUID", "randomInt"],
              message: "plan/ has no randomness.",
            },
          ],
        },
      ],
      "no-restricted-globals": ["error", "Date", "fetch", "process"],
      "no-restricted-properties": ["error", { object: "Math", property: "random", message: "plan/ has no randomness." }],
    },
  },
  {
    files: ["**/*.mjs", "**/*.cjs"],
    languageOptions: { ecmaVersion: 2023, globals: nodeGlobals },
    rules: { "max-lines": ["error", { max: 250 }], "no-unused-vars": "error", "no-undef": "error" },
  },
  {
    // What deletes hosts and edits a policy lets nothing through unseen: no value of type any, and no check that is turned off.
    files: ["src/**/*.mjs", "src/**/*.cjs"],
    extends: tseslint.configs.recommendedTypeChecked,
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      "no-undef": "error",
      "no-unused-vars": "off",
      "@typescript-eslint/no-require-imports": "off",
      "@typescript-eslint/ban-ts-comment": ["error", { "ts-expect-error": true, "ts-ignore": true, "ts-nocheck": true }],
      "@typescript-eslint/no-floating-promises": "error",
      // Verbs of one shape are called the same way, whether they wait or not.
      "@typescript-eslint/require-await": "off",
    },
  },
  { files: ["**/*.cjs"], languageOptions: { sourceType: "commonjs", globals: { ...nodeGlobals, __dirname: "readonly" } } },
);
