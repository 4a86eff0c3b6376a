/**
 * What each refusal means for the person and the money, keyed by the stable `code` of the gateway's problems.
 * A test holds the table against the codes that the interface document lists.
 */

/** What the one button under a refusal does. */
export type ProblemCure =
  | 'retry' | 'home' | 'homes' | 'sign_in' | 'sign_in_anew' | 'match' | 'manual' | 'hotline' | 'order' | 'confirm' | 'certify' | 'phone' | 'add_phone'

interface Said { zh: string; en: string }

export interface ProblemWords extends Said {
  cure: ProblemCure
  /** Said instead when the refusal names no wait, or one of more than a day: it does not end by itself soon. */
  lasting?: Said
  /** Said instead when the refusal says between which amounts one is taken. */
  ranged?: Said
}

const again: ProblemWords = {
  zh: '没有办成，您的钱没有变化，请再试一次。',
  en: 'That did not work. Your money is untouched. Please try again.',
  cure: 'retry',
}
const updateNeeded: ProblemWords = {
  zh: '页面和服务的版本对不上，请刷新后再试，没有产生任何扣款。',
  en: 'This page is out of step with the service. Please reload; nothing was charged.',
  cure: 'home',
}
const signInAgain: ProblemWords = { zh: '登录已过期，请重新登录。', en: 'Your sign-in has ended. Please sign in again.', cure: 'sign_in' }
const busy: ProblemWords = {
  zh: '系统繁忙，请稍后再试，没有产生任何扣款。',
  en: 'The service is busy. Please try again soon; nothing was charged.',
  cure: 'retry',
}

export const problems: Record<string, ProblemWords> = {
  NETWORK: { zh: '连不上网络，请检查后再试。', en: 'No connection. Please check it and try again.', cure: 'retry' },
  CANNOT_CONFIRM: {
    zh: '暂时无法确认该户号与您的关系，可持证件到网点或拨打 95598',
    en: 'We could not confirm this number is linked to you. Visit an outlet or call 95598.',
    cure: 'hotline',
  },
  PROOF_REQUIRED: { zh: '还需要一项证明才能关联。', en: 'One more proof is needed to link this.', cure: 'retry' },
  CODE_REQUIRED: {
    zh: '这一户预留了手机号，请用短信验证码证明。',
    en: 'A phone is on file for this home: please use the code sent to it.',
    cure: 'retry',
  },
  PROOF_LOCKED: {
    zh: '这种证明今天试得太多了，可以改用短信验证码，或明天再试。',
    en: 'This proof was tried too often today. Use the code by message, or come back tomorrow.',
    lasting: {
      zh: '今年可试的证件号已用完，请用短信验证码，或到网点办理。',
      en: 'No other ID digits can be tried this year. Use the code by message, or visit an outlet.',
    },
    cure: 'retry',
  },
  TOO_MANY_BINDINGS: { zh: '关联的户号已到上限，可先解除不用的。', en: 'You have linked as many homes as possible. Unlink one first.', cure: 'homes' },
  TOO_MANY_GRANTS: { zh: '共享的人数已到上限，可先收回不用的。', en: 'This home is shared with as many people as possible. Take one access away first.', cure: 'retry' },
  GRANT_TOO_LONG: { zh: '共享最长一年，请把最后一天选得近一些。', en: 'A home can be shared for a year at most. Please choose an earlier last day.', cure: 'retry' },
  REAL_NAME_REQUIRED: {
    zh: '支付宝没有提供您的实名信息，可以在这里核验身份；也可以输入户号关联。',
    en: 'Alipay gave no real name. You can have it checked here, or link by number instead.',
    cure: 'certify',
  },
  CONSENT_TEXT_CHANGED: { zh: '同意书刚刚更新，请重新阅读后再同意。', en: 'The consent text has just changed. Please read it again.', cure: 'match' },
  STEP_UP_REQUIRED: { zh: '请先用短信验证码确认是您本人。', en: 'Please confirm by a code to your phone first.', cure: 'retry' },
  PHONE_REQUIRED: { zh: '还没有验证过的手机号，请先验证手机号。', en: 'No phone is verified yet. Please verify one first.', cure: 'add_phone' },
  MONEY_OPEN: {
    zh: '还有缴费或退款在途，或光伏合作还没有结束。请等款项办完；卖电的请先在“光伏”里申请结束合作。',
    en: 'A payment or refund is still on its way, or you still sell power. Wait until it is done; to stop selling, ask for the end under Solar.',
    cure: 'home',
  },
  GENERATOR_NOT_CONFIRMED: { zh: '暂时无法确认该发电户与您的关系，请核对并网资料，或拨打 95598。', en: 'We could not confirm this generator is yours. Please check the papers of its grid connection, or call 95598.', cure: 'home' },
  KEY_NOT_READY: { zh: '正在为您的发电户生成密钥，请稍候再试。', en: 'The keys of your account are being made. Please try again in a moment.', cure: 'retry' },
  PERMISSION_NOT_GRANTED: { zh: '未获得权限。', en: 'Permission not granted.', cure: 'retry' },
  TABLE_NOT_OPEN: { zh: '请先提交身份信息，之后即可查看数据表。', en: 'Please show who you are first. The table opens then.', cure: 'retry' },
  COOPERATION_OVER: { zh: '合作已结束，数据已清除；续签合同后可重新激活。', en: 'The cooperation is over and its data is erased. It can be activated under a renewed contract.', cure: 'home' },
  COOPERATION_RUNS: { zh: '合作仍在进行，无需激活。', en: 'The cooperation goes on. There is nothing to activate.', cure: 'home' },
  UNDO_FIRST: { zh: '这笔结算已作过答复，想改请先撤回。', en: 'You have answered this settlement already. To change the answer, take it back first.', cure: 'retry' },
  IN_REVIEW: { zh: '这笔结算正在复核，请等待结果。', en: 'A reviewer is looking at this settlement. Please wait for the result.', cure: 'home' },
  DISPATCHED: { zh: '这笔款项已在发放途中，答复不能再改；有疑问可拨打 95598。', en: 'This payout is on its way, so the answer stays. Call 95598 if something is not right.', cure: 'hotline' },
  NOTHING_TO_UNDO: { zh: '没有可以撤回的答复。', en: 'There is no answer to take back.', cure: 'home' },
  NOTHING_RETURNED: { zh: '这笔款项没有被银行退回，无需确认。', en: 'No bank gave this money back; there is nothing to confirm.', cure: 'retry' },
  CHECK_TASK_CLOSED: { zh: '这次核对已结束，请查看最新的核对任务。', en: 'This check is closed. Please look at the newest one.', cure: 'home' },
  DOCUMENT_GONE: { zh: '链接已用过或已过期，请重新获取。', en: 'This link is used or over. Please get another.', cure: 'retry' },
  OTP_WRONG: { zh: '验证码不对或已过期，请核对或重新获取。', en: 'The code is not right or too old. Check it or get another.', cure: 'retry' },
  PHONE_NOT_TOLD: { zh: '支付宝没有提供手机号，请用短信验证码。', en: 'Alipay did not tell the phone. Please use a code.', cure: 'phone' },
  PHONE_HELD: {
    zh: '这个手机号在另一个账号下。如果手机在您手里，用短信验证码就能换过来。',
    en: 'Another account holds this phone. If you have it in your hand, a code moves it here.',
    cure: 'phone',
  },
  ID_NUMBER_INVALID: { zh: '身份证号不对，请核对 18 位号码。', en: 'This ID number is not right. Please check its 18 characters.', cure: 'retry' },
  ALREADY_CERTIFIED: { zh: '您已经实名，不用再核验。', en: 'Your real name is verified already. Nothing to do.', cure: 'home' },
  TOO_MANY_ID_NUMBERS: {
    zh: '今年可核验的不同身份证号已用完，可持证件到网点办理或拨打 95598。',
    en: 'No other ID number can be checked this year. Visit an outlet with your ID or call 95598.',
    cure: 'hotline',
  },
  LEAVE_REFUSED: {
    zh: '支付宝没有取得您本人的授权，请用登录的支付宝账号再试一次。',
    en: 'Alipay did not get your own leave. Please try again with the account you signed in with.',
    cure: 'retry',
  },
  CERTIFICATION_REFUSED: {
    zh: '支付宝核验没有通过：姓名或身份证号与本人不一致。填写的内容没有保存。',
    en: 'Alipay did not confirm this: the name or ID number is not yours. Nothing you typed was kept.',
    cure: 'certify',
  },
  CERTIFICATION_OVER: { zh: '核验超过了时间，请重新开始。', en: 'The check took too long. Please begin again.', cure: 'certify' },
  FRESH_SIGN_IN_REQUIRED: {
    zh: '为了安全，合并账号需要您在 10 分钟内登录过，请重新登录。',
    en: 'For your safety, merging needs a sign-in of the last ten minutes. Please sign in again.',
    cure: 'sign_in_anew',
  },
  MERGE_REFUSED: {
    zh: '合并码不对或已过期，或者两个账号不是同一个人实名。请在另一台设备上重新获取。',
    en: 'The code is wrong or too old, or the accounts are not the same verified person. Get a new one on the other device.',
    cure: 'retry',
  },
  AUTH_CODE_REFUSED: { zh: '支付宝授权没有成功，请重新登录。', en: 'Alipay did not confirm the sign-in. Please sign in again.', cure: 'sign_in' },
  SIGN_IN_REFUSED: { zh: '登录名、密码或验证码不正确。', en: 'Login name, password or code is not right.', cure: 'retry' },
  LOGIN_TAKEN: { zh: '这个登录名已被使用，请换一个。', en: 'This login name is taken. Please choose another.', cure: 'retry' },
  OVERLOADED: { zh: '现在使用的人很多，请稍后再试。', en: 'Many people are using this now. Please try again soon.', cure: 'retry' },
  IDENTITY_CONFLICT: {
    zh: '您的身份信息需要工作人员核对，请拨打 95598。',
    en: 'Your identity needs to be checked by a person. Please call 95598.',
    cure: 'hotline',
  },
  CONSENT_REQUIRED: { zh: '匹配户号需要您先单独同意。', en: 'Matching needs your separate consent first.', cure: 'match' },
  ROLE_NOT_ENOUGH: {
    zh: '您可以为这一户缴费；查看账单需要户主授权。',
    en: 'You can pay for this home; its bills need the holder’s leave.',
    cure: 'home',
  },
  NOT_FOUND: { zh: '这一项不存在或已不属于您。', en: 'This does not exist or is no longer yours.', cure: 'home' },
  PUBLICATION_CHANGED: { zh: '内容刚刚被别人修改，请刷新后再看。', en: 'Somebody else has just changed this. Please look again.', cure: 'retry' },
  PUBLICATION_NOT_NOW: { zh: '内容的当前状态不能这样操作，请刷新后再看。', en: 'This cannot be done in its present state. Please look again.', cure: 'retry' },
  OWN_WORK: { zh: '自己写的内容须由另一位同事发布。', en: 'Another person must publish what you wrote.', cure: 'home' },
  NOT_A_PICTURE: { zh: '这不是可以识别的图片，请换一张 JPG、PNG 或 WebP 图片。', en: 'This is not a picture we can read. Please choose a JPEG, PNG or WebP.', cure: 'retry' },
  PICTURE_TOO_LARGE: { zh: '图片太大，请选一张小于 4 MB 的图片。', en: 'The picture is too large. Please choose one below 4 MB.', cure: 'retry' },
  GIFT_GONE: { zh: '这件礼品刚刚兑完了，积分没有变化。', en: 'The last one has just gone. Your points are untouched.', cure: 'retry' },
  NOT_ENOUGH_POINTS: { zh: '积分还不够兑换这件礼品。', en: 'There are not enough points for this yet.', cure: 'home' },
  STALE_ARREARS: { zh: '账单刚刚更新，请确认新的金额后再支付', en: 'The bill has just changed. Please confirm the new amount before paying.', cure: 'confirm' },
  PREVIOUS_ORDER_OPEN: {
    zh: '这一户有一笔订单还没结束，为避免重复扣款，请等它完成再付。',
    en: 'An order for this home is still open. To avoid paying twice, wait until it ends.',
    cure: 'order',
  },
  NOTHING_DUE: { zh: '没有待缴电费，不用付款。', en: 'Nothing is due. There is nothing to pay.', cure: 'home' },
  ACCOUNT_CLOSED: { zh: '这个户号已销户，不能再缴费。', en: 'This account is closed and takes no payments.', cure: 'hotline' },
  ARREARS_VERSION_MISSING: {
    zh: '没有带上您看到的账单，请重新确认金额再付。',
    en: 'The bill you saw did not come with the order. Please confirm the amount again.',
    cure: 'confirm',
  },
  AMOUNT_NOT_DUE: { zh: '金额与应缴不一致，请按最新账单确认。', en: 'The amount is not what is due. Please confirm the latest bill.', cure: 'confirm' },
  AMOUNT_OUT_OF_RANGE: {
    zh: '金额超出一次可缴的范围，请调整。',
    en: 'The amount is outside what one payment may be. Please change it.',
    ranged: { zh: '一次可缴 {min} 到 {max}，请调整。', en: 'One payment may be {min} to {max}. Please change it.' },
    cure: 'confirm',
  },
  TOO_MANY_HOMES: { zh: '一次可以合并缴费的户数有限，请少选几户，分几次支付。', en: 'One payment covers only so many homes. Choose fewer and pay the rest next.', cure: 'confirm' },
  HOME_TWICE: { zh: '同一户选了两次，请重新选择。', en: 'One home was chosen twice. Please choose again.', cure: 'confirm' },
  ARREARS_UNAVAILABLE: {
    zh: '暂时读不到最新欠费，为避免付错没有下单，请稍后再试。',
    en: 'The latest amount due cannot be read. To avoid a wrong payment no order was made; please try again soon.',
    cure: 'retry',
  },
  ALREADY_PAID: { zh: '这笔订单已经付款，正在入账，无需重复支付。', en: 'This order is already paid and is being credited. Do not pay again.', cure: 'order' },
  TICKET_GONE: { zh: '付款链接已失效，请从订单里重新打开。', en: 'The payment link has expired. Open it again from the order.', cure: 'order' },
  STATE_MISMATCH: { zh: '登录没有完成，请重新登录。', en: 'Sign-in did not finish. Please sign in again.', cure: 'sign_in' },
  UNAUTHENTICATED: signInAgain,
  TOKEN_EXPIRED: signInAgain,
  SESSION_REVOKED: { zh: '这次登录已被结束，请重新登录。', en: 'This sign-in was ended. Please sign in again.', cure: 'sign_in' },
  RATE_LIMITED: { zh: '操作有点频繁，请 {wait}后再试', en: 'Too many tries. Please wait {wait}.', cure: 'retry' },
  SHUT_OUT: { zh: '因为这里的异常尝试，此项操作暂停，请 {wait}后再试；查询和缴费不受影响。', en: 'After unusual tries from here this is closed for {wait}. Looking and paying go on as before.', cure: 'retry' },
  BILL_HELD: { zh: '供电公司正在核对这户的账单，核对期间无需缴费，结果会通知您。', en: 'A bill of this home is being verified. Nothing is to be paid until then; you will be told.', cure: 'home' },
  CHANNEL_FULL: { zh: '现在使用的人太多，请稍等一分钟再试。', en: 'Too many people are here just now. Please wait a minute.', cure: 'retry' },
  FUNCTION_CLOSED: { zh: '这项功能暂停服务，请稍后再来，或使用网上国网、95598。', en: 'This is closed for now. Please come back later, or use another way.', cure: 'home' },
  FUNCTION_SUSPENDED: { zh: '供电公司已暂停您的这项功能，详见消息；如有疑问请拨打 95598。', en: 'The utility has suspended this for you; see your messages, or call 95598.', cure: 'home' },
  REQUEST_IN_FLIGHT: { zh: '上一次提交还在处理，不会重复扣款，请稍候。', en: 'Your first request is still being worked on. You will not be charged twice; please wait.', cure: 'retry' },
  INVALID_HEADER: updateNeeded,
  OTHER_NETWORK: updateNeeded,
  IDEMPOTENCY_KEY_REUSED: updateNeeded,
  IDEMPOTENCY_KEY_MISSING: updateNeeded,
  IDEMPOTENCY_KEY_INVALID: updateNeeded,
  INVALID_BODY: updateNeeded,
  INVALID_QUERY: updateNeeded,
  UNKNOWN_FIELD: updateNeeded,
  BODY_TOO_LARGE: updateNeeded,
  UNSUPPORTED_MEDIA_TYPE: updateNeeded,
  METHOD_NOT_ALLOWED: updateNeeded,
  INVALID_FIELD: { zh: '有一项内容不对，请检查后再提交。', en: 'Something you typed is not right. Please check it.', cure: 'retry' },
  FIGURE_UNAVAILABLE: {
    zh: '这项数据暂时读不到，请稍后再看。',
    en: 'This figure cannot be read for now. Please look again soon.',
    cure: 'retry',
  },
  NO_PAYER: {
    zh: '这个账户在这里不能用支付宝付款，请用支付宝登录，或在浏览器里打开网页版支付。',
    en: 'This account cannot pay with Alipay here. Sign in with Alipay, or open the pages in a browser.',
    cure: 'sign_in_anew',
  },
  UPSTREAM_UNAVAILABLE: {
    zh: '供电公司系统暂时无法连接，请稍后再试，没有产生任何扣款。',
    en: "The utility's system cannot be reached for now. Please try again soon; nothing was charged.",
    cure: 'retry',
  },
  REQUEST_TIMEOUT: busy,
  STORE_UNAVAILABLE: busy,
  INTERNAL: again,
}

/** Used when a code is not in the table: a newer gateway may say something this page does not know yet. */
export const unknownProblem = again
