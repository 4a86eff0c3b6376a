/** The words of signing in by name and password, and of setting them. Part of the dictionary. */
export const passwordWords = {
  'password.title': ['用户名密码登录', 'Sign in by name and password'],
  'password.door': ['账户类型', 'Which account'],
  'password.door.password': ['用电账户', 'Household'],
  'password.door.generation_password': ['光伏发电户', 'Generation account'],
  'password.login': ['用户名', 'User name'],
  'password.password': ['密码', 'Password'],
  'password.wrong': ['请输入用户名和密码。', 'Type your user name and password.'],
  'password.asked': ['如果用户名和密码正确，验证码会在 1 分钟内发到您的手机。', 'If name and password fit, a code reaches your phone within a minute.'],
  'password.enter': ['登录', 'Sign in'],
  'password.alipay': ['改用支付宝登录', 'Sign in with Alipay instead'],
  'password.new': ['密码（至少 8 位）', 'Password (8 characters at least)'],
  'password.unfit': ['用户名为 4 到 32 位字母、数字或 _ . -，以字母开头；密码至少 8 位。', 'A user name is a letter and 3 to 31 more letters, digits or _ . -; a password has 8 characters at least.'],
  'password.saved': ['已保存，其他设备已退出登录。', 'Saved. Other devices are signed out.'],
  'me.password': ['用户名和密码', 'User name and password'],
  'me.password.what': [
    '设置后，不打开支付宝也能用用户名、密码和短信验证码登录。忘记了，可在这里用验证码重设。',
    'With them you can also sign in without Alipay: by name, password and a code to your phone. If you forget them, a code sets new ones here.',
  ],
  'me.password.open': ['设置或更换', 'Set or change'],
  'me.password.no_phone': ['请先验证手机号：验证码会发到这个手机。', 'Please verify a phone first: the codes go to it.'],
} as const satisfies Record<string, readonly [string, string]>
