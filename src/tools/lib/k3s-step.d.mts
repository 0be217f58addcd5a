export function faultOfK3sStep(before: string, wanted: string): string | undefined;
