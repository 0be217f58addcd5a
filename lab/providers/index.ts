export { type InstalledProviders, installProviders } from "./install-providers";
