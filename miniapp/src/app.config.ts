export default defineAppConfig({
  pages: [
    'pages/home/index',
    'pages/accounts/sign-in',
    'pages/accounts/index',
    'pages/bindings/match',
    'pages/bindings/manual',
    'pages/bindings/index',
    'pages/bindings/sharing',
    'pages/bindings/accept',
    'pages/billing/index',
    'pages/billing/bill',
    'pages/payments/confirm',
    'pages/payments/several',
    'pages/payments/index',
    'pages/payments/history',
    'pages/notices/index',
    'pages/privacy/index',
  ],
  // Between screens nothing moves: the browser's pages change at once.
  animation: false,
  window: {
    navigationBarTitleText: '电费',
    navigationBarBackgroundColor: '#F4F7F6',
    navigationBarTextStyle: 'black',
    backgroundTextStyle: 'dark',
  },
})
