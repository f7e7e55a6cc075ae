"""Cards and charts as SVG and PNG, with their font and colours."""
