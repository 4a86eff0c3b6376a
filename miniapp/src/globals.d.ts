/** Base address of the gateway in the mini-program build, set in config/index.ts. */
declare const LINE_URL: string

declare function definePageConfig<T>(config: T): T
declare function defineAppConfig<T>(config: T): T

declare module '*.css'
