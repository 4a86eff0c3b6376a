import { defineConfig } from '@tarojs/cli'

const named = { 'aria-label': "''", role: "''" }

/** Where the mini-program finds the gateway. The H5 pages are served by the gateway itself and use relative addresses. */
const lineUrl = process.env.LIFELINE_LINE_URL ?? 'http://127.0.0.1:8800'

export default defineConfig({
  projectName: 'lifeline-miniapp',
  date: '2026-11-20',
  designWidth: 375,
  deviceRatio: { 375: 2, 640: 1.17, 750: 1, 828: 0.905 },
  sourceRoot: 'src',
  outputRoot: `dist/${process.env.TARO_ENV}`,
  defineConstants: { LINE_URL: JSON.stringify(lineUrl) },
  plugins: [
    // An Alipay template drops every property it does not list, accessible names among them.
    ['@tarojs/plugin-inject', { components: { View: named, Input: named } }],
    '@tarojs/plugin-platform-alipay',
    '@tarojs/plugin-platform-h5',
    '@tarojs/plugin-framework-react',
  ],
  framework: 'react',
  compiler: { type: 'webpack5', prebundle: { enable: false } },
  cache: { enable: false },
  mini: { postcss: { pxtransform: { enable: false, config: {} }, cssModules: { enable: false } } },
  h5: {
    publicPath: '/',
    router: { mode: 'hash' },
    output: { filename: 'js/[name].[hash:8].js', chunkFilename: 'js/[name].[chunkhash:8].js' },
    miniCssExtractPluginOption: { filename: 'css/[name].[hash:8].css', chunkFilename: 'css/[name].[chunkhash:8].css', ignoreOrder: true },
    noInjectGlobalStyle: true,
    // What several screens share is loaded once, not once per screen.
    webpackChain(chain) {
      chain.optimization.splitChunks({
        chunks: 'all',
        cacheGroups: {
          vendor: { name: 'vendor', test: /[\\/]node_modules[\\/]/, priority: 10 },
          shared: { name: 'shared', test: /[\\/]src[\\/](?!pages[\\/]|app\.)/, minChunks: 2, priority: 5, enforce: true },
        },
      })
      // The kit's own stylesheet carries a font of icons; none of its components is used here.
      chain.resolve.alias.set('@tarojs/components/dist/taro-components/taro-components.css', false as never)
      chain.performance.maxEntrypointSize(700_000).maxAssetSize(600_000)
    },
    postcss: { autoprefixer: { enable: true }, pxtransform: { enable: false, config: {} }, cssModules: { enable: false } },
  },
})
