export { hostKeyTypes, readHostKey, rsaBits } from "../../operator-tools/ssh/ssh-keys.cjs";
