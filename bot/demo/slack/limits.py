"""Slack's numbers, each with its source; written from the sources, not from the bot's own table.

"Block Kit" is Slack's reference at docs.slack.dev/reference/block-kit: the page of the block,
element or object that the name begins with. Lengths are in characters.
"""

# Block Kit: text object, "minimum length is 1", "maximum length is 3000"
TEXT_MIN_LENGTH = 1
TEXT_MAX_LENGTH = 3000
# Block Kit: every block ("Maximum length is 255 characters"), every interactive element
BLOCK_ID_MAX_LENGTH = 255
ACTION_ID_MAX_LENGTH = 255

# Block Kit: button element
BUTTON_TEXT_MAX_LENGTH = 75
BUTTON_URL_MAX_LENGTH = 3000
BUTTON_VALUE_MAX_LENGTH = 2000
BUTTON_ACCESSIBILITY_LABEL_MAX_LENGTH = 75
# Block Kit: icon button and feedback buttons elements
ICON_BUTTON_VALUE_MAX_LENGTH = 2000
ICON_BUTTON_ACCESSIBILITY_LABEL_MAX_LENGTH = 75
ICON_BUTTON_VISIBLE_TO_USER_IDS_MAX_ITEMS = 10
FEEDBACK_BUTTON_TEXT_MAX_LENGTH = 75
FEEDBACK_BUTTON_VALUE_MAX_LENGTH = 2000
FEEDBACK_BUTTON_ACCESSIBILITY_LABEL_MAX_LENGTH = 75
# Block Kit: confirmation dialog object
CONFIRMATION_TITLE_MAX_LENGTH = 100
CONFIRMATION_TEXT_MAX_LENGTH = 300
CONFIRMATION_CONFIRM_MAX_LENGTH = 30
CONFIRMATION_DENY_MAX_LENGTH = 30

# Block Kit: option object, option group object
OPTION_TEXT_MAX_LENGTH = 75
OPTION_VALUE_MAX_LENGTH = 150
OPTION_DESCRIPTION_MAX_LENGTH = 75
OPTION_URL_MAX_LENGTH = 3000
OPTION_GROUP_LABEL_MAX_LENGTH = 75
# Block Kit: select menu element
SELECT_PLACEHOLDER_MAX_LENGTH = 150
SELECT_OPTIONS_MAX_ITEMS = 100
SELECT_OPTION_GROUPS_MAX_ITEMS = 100
# Block Kit: overflow menu, checkbox and radio button elements
OVERFLOW_OPTIONS_MIN_ITEMS = 1
OVERFLOW_OPTIONS_MAX_ITEMS = 5
CHECKBOXES_OPTIONS_MAX_ITEMS = 10
RADIO_BUTTONS_OPTIONS_MAX_ITEMS = 10
# Block Kit: plain-text input element
PLAIN_TEXT_INPUT_MIN_LENGTH_MAX = 3000
PLAIN_TEXT_INPUT_MAX_LENGTH_MAX = 3000
PLAIN_TEXT_INPUT_PLACEHOLDER_MAX_LENGTH = 150

# Block Kit: file input element, "Minimum of 1, maximum of 10", "10MB file size limit"
FILE_INPUT_MAX_FILES_MAX = 10
FILE_INPUT_MAX_BYTES = 10_000_000

# Block Kit: section block
SECTION_TEXT_MAX_LENGTH = 3000
SECTION_FIELDS_MAX_ITEMS = 10
SECTION_FIELDS_ITEM_MAX_LENGTH = 2000
# Block Kit: header, context, context actions, actions, alert blocks
HEADER_TEXT_MAX_LENGTH = 150
CONTEXT_ELEMENTS_MAX_ITEMS = 10
CONTEXT_ACTIONS_ELEMENTS_MAX_ITEMS = 5
ACTIONS_ELEMENTS_MAX_ITEMS = 25
ALERT_TEXT_MAX_LENGTH = 200
# Block Kit: image block
IMAGE_IMAGE_URL_MAX_LENGTH = 3000
IMAGE_ALT_TEXT_MAX_LENGTH = 2000
IMAGE_TITLE_MAX_LENGTH = 2000
# Block Kit: input block
INPUT_LABEL_MAX_LENGTH = 2000
INPUT_HINT_MAX_LENGTH = 2000
# Block Kit: markdown block, "the cumulative limit for all markdown blocks in a single payload"
MARKDOWN_TEXT_MAX_LENGTH = 12_000
MARKDOWN_TOTAL_TEXT_MAX_LENGTH = 12_000
# Block Kit: table block
TABLE_ROWS_MAX_ITEMS = 100
TABLE_COLUMNS_MAX_ITEMS = 20
TABLE_COLUMN_SETTINGS_MAX_ITEMS = 20
# Block Kit: rich text block, rich_text_list ("indent"), borders
RICH_TEXT_LIST_INDENT_MAX = 8
RICH_TEXT_LIST_BORDER_MAX = 1
# Block Kit: card, container, carousel, plan blocks
CARD_TITLE_MAX_LENGTH = 150
CARD_SUBTITLE_MAX_LENGTH = 150
CARD_BODY_MAX_LENGTH = 200
CONTAINER_TITLE_MAX_LENGTH = 150
CONTAINER_CHILD_BLOCKS_MAX_ITEMS = 10
CAROUSEL_ELEMENTS_MAX_ITEMS = 10

# Block Kit: blocks, "up to 50 blocks in each message, and 100 blocks in modals or Home tabs"
MESSAGE_BLOCKS_MAX_ITEMS = 50
VIEW_BLOCKS_MAX_ITEMS = 100
# Slack: views.open, views.publish, errors: `view_too_large`, "greater than 250kb"
VIEW_MAX_BYTES = 250_000
# Slack: views object (modal)
VIEW_TITLE_MAX_LENGTH = 24
VIEW_SUBMIT_MAX_LENGTH = 24
VIEW_CLOSE_MAX_LENGTH = 24
VIEW_PRIVATE_METADATA_MAX_LENGTH = 3000
VIEW_CALLBACK_ID_MAX_LENGTH = 255
VIEW_EXTERNAL_ID_MAX_LENGTH = 255

# What Slack's pages do not say, but people met:

# A message with two tables was refused ("only one table", Slack's launch notes of August 2025).
MESSAGE_TABLES_MAX_ITEMS = 1
# All cells of all tables of a message together (vercel/chat: blocks/limits.ts).
MESSAGE_TABLE_TEXT_MAX_LENGTH = 10_000
# `msg_blocks_too_long`: "12,000 text characters with a buffer for block containers" (Slack staff in
# bolt-js issue 2509); measured between 13,172 and 13,297 there, and lower with much rich text.
MESSAGE_TOTAL_TEXT_MAX_LENGTH = 13_000
