export function describeLostServer(server: { readonly node?: string; readonly cluster?: string }): string;
