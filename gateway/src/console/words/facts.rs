//! What a case tells: how its facts are called (`fact.`), why it was opened (`reason.`), what happened (`what.`, with
//! `cases`), and the words that single facts hold. A test reads them from where cases are written.

use super::Word;

pub(super) static WORDS: &[Word] = &[
    ("fact.paid_more_fen", "多付金额", "Paid too much"),
    ("fact.attempts", "已尝试次数", "Tries"),
    ("fact.fault", "校验结果", "What was found"),
    ("fact.day", "日期", "Day"),
    ("fact.accounts", "涉及账户", "Accounts"),
    ("fact.account_id", "账户编号", "Account"),
    ("fact.frozen", "已冻结的绑定", "Links that are frozen"),
    ("fact.fields", "不一致的项目", "What differs"),
    ("fact.conflict", "冲突", "The conflict"),
    ("fact.findings", "不一致处数", "How many differ"),
    ("fact.first", "首个不一致处", "The first of them"),
    (
        "fact.contract_version",
        "合同版本",
        "Version of the contract",
    ),
    (
        "fact.holder_version",
        "户主信息版本",
        "Version of the holder",
    ),
    ("fact.trade_task_id", "付款任务编号", "Payout"),
    ("fact.notify_id", "通知编号", "Notice"),
    ("fact.event_id", "消息编号", "Message"),
    (
        "fact.generation_account_id",
        "发电户编号",
        "Seller's account",
    ),
    (
        "reason.overdue",
        "超过时限仍无结果",
        "nothing was heard within its time",
    ),
    (
        "reason.no_fence",
        "营销系统不能封存流水号，须由其确认该流水号不会再入账",
        "marketing cannot fence: only its own word proves that the number never takes effect",
    ),
    (
        "reason.brake",
        "一小时内自动退款超过上限",
        "automatic refunds went over the hour's limit",
    ),
    (
        "reason.no_funds_for_a_day",
        "渠道余额不足已满一天",
        "no funds at the channel for a day",
    ),
    (
        "reason.sent_before_withdrawal",
        "要求撤销时退款已经发出",
        "the refund had left before it was to be withdrawn",
    ),
    (
        "reason.given_back_by_hand",
        "渠道显示已在商户后台退回",
        "given back at the channel's desk",
    ),
    (
        "reason.refund_not_ours",
        "渠道显示一笔非本系统发起的退款",
        "the channel shows a refund that we did not begin",
    ),
    (
        "reason.paid_other_sum",
        "实付金额与订单不符",
        "another sum was paid than ordered",
    ),
    (
        "reason.taken_back_after_the_copy",
        "备份之后营销系统已冲回该笔入账",
        "marketing took the posting back after the copy was made",
    ),
    (
        "reason.other_trade_no",
        "同一商户订单号下出现另一笔渠道交易",
        "the channel shows another trade under our number",
    ),
    (
        "reason.notice_not_worked",
        "渠道通知收到已满一天仍未能处理",
        "a notice of the channel could not be worked for a day",
    ),
    (
        "reason.unknown_order",
        "渠道通知的订单在本系统中不存在",
        "the channel tells of an order that we do not know",
    ),
    (
        "reason.refund_refused",
        "渠道拒绝退款",
        "the channel refused the refund",
    ),
    (
        "reason.refund_of_another_sum",
        "渠道显示的退款金额与应退不符",
        "the channel shows a refund of another sum",
    ),
    (
        "reason.bill_says_paid",
        "渠道账单列为已付，渠道查询却没有这笔付款",
        "the channel's bill says that it was paid, its query does not",
    ),
    (
        "reason.bill_says_another_sum",
        "渠道账单与渠道查询的金额不符",
        "the channel's bill and its query name two sums",
    ),
    (
        "reason.posting_of_another_payment",
        "该流水号下是另一笔付款的入账",
        "the number has the posting of another payment",
    ),
    (
        "reason.credited_and_returned",
        "入账与退回合计超过实付金额",
        "more was posted and given back than was paid",
    ),
    (
        "reason.never_ended",
        "多次处理均未能结束",
        "begun again and again, and never ended",
    ),
    (
        "reason.unreadable",
        "消息无法读取",
        "the message cannot be read",
    ),
    (
        "reason.unreadable_body",
        "消息内容无法读取",
        "what the message says cannot be read",
    ),
    (
        "reason.carrier_panicked",
        "处理程序出错",
        "an error of ours",
    ),
    ("reason.store", "数据库暂不可用", "the database was away"),
    (
        "reason.store_refused",
        "数据库拒绝写入",
        "the database refused it",
    ),
    (
        "reason.terminal_gave_no_answer",
        "复核终端无应答",
        "the review terminal gave no answer",
    ),
    ("reason.no_key", "密钥暂不可用", "no key was there"),
    (
        "reason.marketing_gave_no_answer",
        "营销系统无应答",
        "marketing gave no answer",
    ),
    (
        "reason.certified_meanwhile",
        "用户刚刚重新认证",
        "the person was certified anew meanwhile",
    ),
    (
        "reason.exchange_gave_no_answer",
        "数据交换平台无应答",
        "the exchange gave no answer",
    ),
    (
        "reason.overtaken",
        "被较新的变更取代",
        "overtaken by a newer change",
    ),
    (
        "reason.user_system_gave_no_answer",
        "统一用户系统无应答",
        "the user system gave no answer",
    ),
    (
        "reason.archive_gave_no_answer",
        "营销档案无应答",
        "marketing's archive gave no answer",
    ),
    (
        "reason.sms_platform_gave_no_answer",
        "短信平台无应答",
        "the SMS platform gave no answer",
    ),
    (
        "reason.sms_platform_needs_an_operator",
        "短信平台须人工处理",
        "the SMS platform needs a person",
    ),
    (
        "reason.messenger_gave_no_answer",
        "短信平台无应答",
        "who sends codes gave no answer",
    ),
    (
        "what.owner_unreached",
        "多次未能通知到用户，核对期限已过",
        "its owner could not be reached, and the time to check is over",
    ),
    (
        "what.review_overdue",
        "复核超过时限",
        "the review takes too long",
    ),
    (
        "what.corrected_again",
        "复核多次更正",
        "corrected again and again",
    ),
    (
        "what.dispute",
        "用户对已发出的付款有异议",
        "its owner disputes what was sent",
    ),
    (
        "what.reading_refused",
        "采集系统的发电数据未通过校验",
        "the head-end's readings were refused",
    ),
    (
        "what.upheld",
        "该月不在复核中，却收到“维持原金额”",
        "upheld, and it was not in review",
    ),
    (
        "what.corrected",
        "该月不在复核中，却收到“更正金额”",
        "corrected, and it was not in review",
    ),
    (
        "what.trade_sending",
        "该月尚未认可，其付款却已开始发出",
        "its payout is being sent, and nobody had accepted it",
    ),
    (
        "what.accepted",
        "付款未发出或已撤回，平台却称已受理",
        "taken by the platform, and it had not left or was withdrawn",
    ),
    (
        "what.paid_our_sum",
        "付款不在途中，平台却称已付款",
        "paid by the platform, and it was not on its way",
    ),
    (
        "what.refused_for_good",
        "付款未发出或已付成，平台却称拒绝",
        "refused by the platform, and it had not left or was paid",
    ),
    (
        "what.no_answer",
        "付款未发出，却收到对它的应答",
        "something was heard of a payout that had not left",
    ),
    (
        "what.not_found",
        "平台称没有该付款，与本系统记录不符",
        "the platform knows no such payout, against our records",
    ),
    (
        "what.fenced_not_found",
        "平台称该付款编号已封且未付，与本系统记录不符",
        "the platform says that the number is fenced and was not paid, against our records",
    ),
    (
        "what.bank_return",
        "付款未付成，银行却退回款项",
        "the bank gave back what had not been paid",
    ),
    (
        "refusal.clock",
        "采集时间异常",
        "the head-end's clock is wrong",
    ),
    (
        "refusal.price_rows",
        "电价不完整或有重叠",
        "the prices have a gap or overlap",
    ),
    (
        "refusal.days_missing",
        "缺少部分日期的数据",
        "days are missing",
    ),
    (
        "refusal.price_missing",
        "缺少适用电价",
        "a price is missing",
    ),
    (
        "refusal.tax_missing",
        "缺少适用税率",
        "the tax rate is missing",
    ),
    ("refusal.out_of_range", "金额超出范围", "a sum out of range"),
    (
        "conflict.two_accounts",
        "同一身份的两个标识属于两个账户",
        "the two ids of one identity belong to two accounts",
    ),
    (
        "conflict.other_id",
        "该账户已有另一个支付宝标识",
        "the account has another id already",
    ),
    (
        "conflict.other_certified_id",
        "该账户已认证为另一个身份证号",
        "the account is certified as another person",
    ),
    ("archive.id_no", "身份证号", "ID number"),
    ("archive.mobile", "手机号", "Mobile number"),
    ("archive.name", "姓名", "Name"),
    ("place.reading", "读数", "reading"),
    ("place.energy", "电量", "energy"),
    ("place.quantity", "计费电量", "energy priced"),
    ("place.price", "单价，明细行", "price of line"),
    ("place.line", "明细行", "line"),
    ("place.total", "合计", "total"),
    ("stands.refunds", "退款合计", "refunds together"),
    ("heard.exceed_paid", "超过实付金额", "more than was paid"),
    (
        "heard.posted_earlier_number",
        "较早的流水号已入账",
        "an earlier number was posted",
    ),
];
